"""Rooms in use while strangers flood the relay; needs root, for the sources are forged."""

import resource
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest

from packhorse.wire.ctrl import encode_padded
from packhorse.wire.messages import Hello
from tests.support.crowd import Crowd
from tests.support.programs import program
from tests.support.relay_process import LOOPBACK, RelayProcess
from tests.support.resident import resident_bytes

SOURCE: Final = Path(__file__).parents[1] / "support" / "hello_flood.c"
SECONDS: Final = 8.0
RATE: Final = 20.0  # datagrams a second and member
HELLOS: Final = 100_000  # a second
RTT_GOAL: Final = 0.020  # seconds, 99th percentile
MOST_LOST: Final = 0.05
MEMORY_GOAL: Final = 10 << 20  # bytes
HELLO: Final = Hello(version_min=1, version_max=1, features=0, nonce=bytes(16))

pytestmark = pytest.mark.usefixtures("netns")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_attack_32_flood_of_hellos_and_half_open_connections_leaves_rooms_usable(
    tmp_path: Path,
) -> None:
    with RelayProcess() as relay, ExitStack() as stack:
        crowd = stack.enter_context(Crowd((LOOPBACK, relay.port), rooms=10, members=4))
        quiet = crowd.run(2.0, rate=RATE)
        before = resident_bytes(relay.pid)
        stack.enter_context(half_open_connections(5000, relay.port))
        flood = stack.enter_context(hello_flood(tmp_path, relay.port))
        traffic = crowd.run(SECONDS, rate=RATE)
        grown = resident_bytes(relay.pid) - before
        assert flood.wait(20) == 0
        sent = int(flood.stdout.read()) if flood.stdout else 0

    loss = 1 - traffic.received / traffic.sent
    rtt = 2 * traffic.percentile(0.99)
    quiet_rtt = 2 * quiet.percentile(0.99)
    print(f"{sent / (SECONDS + 1):.0f} HELLOs/s: loss {loss:.1%}, memory +{grown / 1e6:.1f} MB")
    print(f"p99 RTT {rtt * 1e3:.2f} ms, before the flood {quiet_rtt * 1e3:.2f} ms")
    assert sent > 0
    assert rtt < RTT_GOAL
    assert loss < MOST_LOST
    assert grown < MEMORY_GOAL


@contextmanager
def hello_flood(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Flood the relay for a little longer than rooms are watched."""
    flooder, hello = folder / "hello_flood", folder / "hello"
    subprocess.run([program("gcc"), "-O2", "-o", flooder, SOURCE], check=True, timeout=60)
    hello.write_bytes(encode_padded(HELLO, 1, 1200))
    command = [str(flooder), str(port), str(HELLOS), str(SECONDS + 1)]
    with (
        hello.open("rb") as body,
        subprocess.Popen(command, stdin=body, stdout=subprocess.PIPE) as process,
    ):
        yield process


@contextmanager
def half_open_connections(count: int, port: int) -> Iterator[None]:
    """Connect by TCP from many addresses, and say nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, count + 512)), hard))
    with ExitStack() as sockets:
        for number in range(count):
            sock = sockets.enter_context(socket.socket())
            sock.settimeout(0)
            sock.bind((f"127.2.{number >> 8}.{number & 255}", 0))
            sock.connect_ex((LOOPBACK, port))
        yield
