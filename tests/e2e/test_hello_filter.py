"""The kernel's filter for HELLO, on a real socket."""

import socket
import sys
from collections.abc import Iterator

import pytest

from packhorse.wire.constants import FirstByte
from packhorse.wire.ctrl import encode_ctrl, encode_padded
from packhorse.wire.header import encode_destination
from packhorse.wire.messages import Hello, Nudge
from packhorse_relay.aio.hello_filter import read_share_of_hellos

HELLO = encode_padded(
    Hello(version_min=1, version_max=1, features=0, nonce=bytes(16)), 0x01020304, 1200
)
OTHERS = [
    encode_destination(FirstByte.DATA, 0, 1) + b"x",
    encode_destination(FirstByte.SEAL, 0, 1) + bytes([0x82, 0, 1]) + bytes(40),
    encode_ctrl(Nudge(), 0),
    bytes.fromhex("00aa00000001"),
]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="socket filters are Linux's")


@pytest.fixture(params=["127.0.0.1", "::1"])
def sockets(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A sender, connected to the receiver."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with (
        socket.socket(family, socket.SOCK_DGRAM) as sender,
        socket.socket(family, socket.SOCK_DGRAM) as receiver,
    ):
        receiver.bind((request.param, 0))
        receiver.settimeout(0)
        sender.connect(receiver.getsockname())
        yield sender, receiver


def received(receiver: socket.socket) -> list[bytes]:
    """Return what waits; on loopback that is all that was sent."""
    datagrams = []
    while True:
        try:
            datagrams.append(receiver.recv(2048))
        except BlockingIOError:
            return datagrams


def test_attack_32_flood_of_hellos_is_dropped_by_the_kernel_and_nothing_else(
    sockets: tuple[socket.socket, socket.socket],
) -> None:
    sender, receiver = sockets

    assert read_share_of_hellos(receiver, 0.0)
    for datagram in [HELLO, *OTHERS, HELLO]:
        sender.send(datagram)

    assert received(receiver) == OTHERS


def test_a_share_of_hellos_gets_through(sockets: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = sockets

    assert read_share_of_hellos(receiver, 0.5)
    for _ in range(100):
        sender.send(HELLO)

    assert 10 < len(received(receiver)) < 90


def test_every_hello_is_read_again_without_the_filter(
    sockets: tuple[socket.socket, socket.socket],
) -> None:
    sender, receiver = sockets
    read_share_of_hellos(receiver, 0.0)

    assert read_share_of_hellos(receiver, 1.0)
    sender.send(HELLO)

    assert received(receiver) == [HELLO]
