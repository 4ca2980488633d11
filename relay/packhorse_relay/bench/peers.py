"""Other relays under the same load: coturn, a loop in C, and a first attempt in Python."""

import secrets
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from packhorse.wire.errors import ConnectivityError
from packhorse_relay.bench.loaded import LOOPBACK, PAYLOAD, Flow, LoadedRelay, registering_relay
from packhorse_relay.bench.members import LARGEST, connected, wait_readable
from packhorse_relay.bench.programs import find, running

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
def c_relay(count: int) -> Iterator[LoadedRelay]:
    """Compile and run the loop in C."""
    compiler = find("cc", "a C compiler")
    with tempfile.TemporaryDirectory() as folder:
        binary = str(Path(folder, "batch_relay"))
        subprocess.run(  # noqa: S603 - our source
            [compiler, "-O2", "-o", binary, str(_SOURCE)], check=True, timeout=60
        )
        with registering_relay("C loop", [binary], count) as relay:
            yield relay


def plain_relay(count: int) -> AbstractContextManager[LoadedRelay]:
    """Run the relay of `plain_relay`."""
    command = [sys.executable, "-m", "packhorse_relay.bench.plain_relay"]
    return registering_relay("plain asyncio", command, count)


@contextmanager
def coturn(count: int) -> Iterator[LoadedRelay]:
    """Run coturn: `count` clients, each sending to a peer of its own by a channel."""
    port = _free_port()
    with running(coturn_command(port)) as program:
        program.wait_for("IO method (admin thread)")
        clients = [connected(("127.0.0.1", port)) for _ in range(count)]
        peers = [_peer() for _ in range(count)]
        for client, peer in zip(clients, peers, strict=True):
            open_channel(client, peer)
        flows = [Flow(client, channel_data(PAYLOAD)) for client in clients]
        loaded = LoadedRelay(coturn_version(), program.pid, flows, peers)
        yield loaded
        loaded.close()


PEERS: Final[dict[str, Callable[[int], AbstractContextManager[LoadedRelay]]]] = {
    "coturn": coturn,
    "c": c_relay,
    "plain": plain_relay,
}
"""By the name that `--against` takes; each starts with this many members."""


def open_channel(client: socket.socket, peer: socket.socket) -> None:
    """Let coturn relay what a client sends in ChannelData to a peer.

    Raises:
        ConnectivityError: It does not.
    """
    _ask(client, _ALLOCATE, struct.pack("!HHB3x", _REQUESTED_TRANSPORT, 4, _UDP))
    _ask(client, _CHANNEL_BIND, _channel_to(peer))


def channel_data(payload: bytes) -> bytes:
    """Return ChannelData."""
    return struct.pack("!HH", _CHANNEL, len(payload)) + payload


def coturn_command(port: int, listen: str = LOOPBACK, relay: str = LOOPBACK) -> list[str]:
    """Return how coturn is run on these addresses."""
    options = "-n --no-auth --no-tls --no-dtls --no-cli --allow-loopback-peers --relay-threads 1"
    places = ["--listening-ip", listen, "--relay-ip", relay]
    log = ["--log-file", "stdout", "--listening-port", str(port), "--pidfile", "/dev/null"]
    return [find("turnserver", "coturn"), *options.split(), *places, *log]


def coturn_version() -> str:
    """Return its name and version."""
    done = subprocess.run(  # noqa: S603 - coturn
        [find("turnserver", "coturn"), "--version"],
        capture_output=True,
        text=True,
        check=False,
        timeout=5,
    )
    return f"coturn {done.stdout.split()[-1]}"


def _ask(sock: socket.socket, method: int, attributes: bytes) -> None:
    transaction = secrets.token_bytes(12)
    sock.send(struct.pack("!HHI12s", method, len(attributes), _COOKIE, transaction) + attributes)
    wait_readable(sock)
    answer = sock.recv(LARGEST)
    if int.from_bytes(answer[:2], "big") != method | _SUCCESS:
        raise ConnectivityError("measuring", (f"coturn refuses: {answer.hex()}",))


def _channel_to(peer: socket.socket) -> bytes:
    host, port = peer.getsockname()
    address = int.from_bytes(socket.inet_aton(host), "big")
    number = struct.pack("!HHH2x", _CHANNEL_NUMBER, 4, _CHANNEL)
    xored = (port ^ _COOKIE >> 16, address ^ _COOKIE)
    return number + struct.pack("!HHxBHI", _XOR_PEER_ADDRESS, 8, 1, *xored)


def _peer() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(0)
    return sock


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
