"""Other relays under the same load: coturn, and a loop in C."""

import secrets
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.bench.relays import (
    RELAY_CPU,
    Flow,
    LoadedRelay,
    connected,
    registering_relay,
    wait_readable,
)
from tests.support.processes import Started
from tests.support.programs import program

_SOURCE: Final = Path(__file__).with_name("batch_relay.c")
_COOKIE: Final = 0x2112A442  # RFC 8489 section 5
_ALLOCATE: Final = 0x0003  # RFC 8656
_CHANNEL_BIND: Final = 0x0009
_SUCCESS: Final = 0x0100
_CHANNEL: Final = 0x4000
_CHANNEL_NUMBER: Final = 0x000C
_XOR_PEER_ADDRESS: Final = 0x0012
_REQUESTED_TRANSPORT: Final = 0x0019
_UDP: Final = 17


@contextmanager
def c_relay(count: int, folder: Path) -> Iterator[LoadedRelay]:
    """Compile and run the loop in C."""
    binary = folder / "batch_relay"
    subprocess.run([program("gcc"), "-O2", "-o", binary, _SOURCE], check=True, timeout=60)
    with registering_relay("C, recvmmsg and sendmmsg", [str(binary)], count) as relay:
        yield relay


@contextmanager
def coturn(count: int) -> Iterator[LoadedRelay]:
    """Run coturn: `count` clients, each sending to a peer of its own by a channel."""
    with ExitStack() as stack:
        port = _free_port()
        process = stack.enter_context(Started(_command(port)))
        process.wait_for("IO method (admin thread)", timeout=20)
        clients = [stack.enter_context(connected(("127.0.0.1", port))) for _ in range(count)]
        peers = [stack.enter_context(_peer()) for _ in range(count)]
        for client, peer in zip(clients, peers, strict=True):
            transport = struct.pack("!HHB3x", _REQUESTED_TRANSPORT, 4, _UDP)
            _ask(client, _ALLOCATE, transport)
            _ask(client, _CHANNEL_BIND, _channel_to(peer))
        flows = [Flow(client, _channel_data) for client in clients]
        yield LoadedRelay(_version(), process.pid, flows, peers)


def _command(port: int) -> list[str]:
    options = "-n --no-auth --no-tls --no-dtls --no-cli --allow-loopback-peers --relay-threads 1"
    places = ["--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1"]
    pinned = [program("taskset"), "-c", str(RELAY_CPU), program("turnserver")]
    log = ["--log-file", "stdout", "--listening-port", str(port)]
    return [*pinned, *options.split(), *places, *log, "--pidfile", "/dev/null"]


def _version() -> str:
    done = subprocess.run(
        [program("turnserver"), "--version"], capture_output=True, text=True, check=False, timeout=5
    )
    return f"coturn {done.stdout.split()[-1]}"


def _ask(sock: socket.socket, method: int, attributes: bytes) -> None:
    transaction = secrets.token_bytes(12)
    sock.send(struct.pack("!HHI12s", method, len(attributes), _COOKIE, transaction) + attributes)
    wait_readable(sock)
    answer = sock.recv(2048)
    assert int.from_bytes(answer[:2], "big") == method | _SUCCESS, answer.hex()


def _channel_to(peer: socket.socket) -> bytes:
    host, port = peer.getsockname()
    address = int.from_bytes(socket.inet_aton(host), "big")
    number = struct.pack("!HHH2x", _CHANNEL_NUMBER, 4, _CHANNEL)
    xored = (port ^ _COOKIE >> 16, address ^ _COOKIE)
    return number + struct.pack("!HHxBHI", _XOR_PEER_ADDRESS, 8, 1, *xored)


def _channel_data(payload: bytes) -> bytes:
    return struct.pack("!HH", _CHANNEL, len(payload)) + payload


def _peer() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(0)
    return sock


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
