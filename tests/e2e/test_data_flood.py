"""A stranger who floods the relay with data must not keep it from its members."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

import packhorse
from tests.support.relay_process import LOOPBACK, RelayProcess

SECONDS: Final = 30.0
PINGS: Final = 60
WORST: Final = 0.1  # seconds
FLOOD: Final = """
import socket, sys, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.connect((sys.argv[1], int(sys.argv[2])))
for _ in range(int(100 * float(sys.argv[3]))):
    for _ in range(50):
        sock.send(b"\\xa4" + bytes(999))
    time.sleep(0.01)
"""


@contextmanager
def flood(port: int) -> Iterator[None]:
    """Send DATA of no session: 40 Mbit/s, 50 datagrams at once."""
    command = [sys.executable, "-c", FLOOD, LOOPBACK, str(port), str(SECONDS)]
    with subprocess.Popen(command) as process:
        yield
        assert process.poll() is None  # to the end
        process.kill()


@pytest.mark.slow
@pytest.mark.quiet
async def test_attack_33_flood_of_data_keeps_no_member_waiting() -> None:
    with RelayProcess() as relay:
        address = f"{LOOPBACK}:{relay.port}"
        async with packhorse.host(address) as host, packhorse.join(address, host.code) as guest:
            with flood(relay.port):
                rtts = sorted([await guest.ping_peer(packhorse.HOST) for _ in range(PINGS)])

    assert rtts[round(0.95 * PINGS)] < WORST
