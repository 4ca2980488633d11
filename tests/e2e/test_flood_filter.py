"""The kernel's filter for strays, on a real socket."""

import asyncio
import socket
import sys
from collections.abc import Iterator

import pytest

import packhorse
from packhorse.wire.constants import DropReason, FirstByte
from packhorse.wire.ctrl import encode_ctrl, encode_padded
from packhorse.wire.header import encode_destination
from packhorse.wire.messages import Hello, Nudge
from packhorse_relay.aio.flood_filter import read_shares
from packhorse_relay.aio.server import RelayServer
from packhorse_relay.core.flood_sampling import ALL, Shares, Stray
from tests.support.relays import LOOPBACK, address_of
from tests.support.waiting import until

HELLO = encode_padded(
    Hello(version_min=1, version_max=1, features=0, nonce=bytes(16)), 0x01020304, 1200
)
CONTROL = [
    encode_destination(FirstByte.SEAL, 0, 1) + bytes([0x82, 0, 1]) + bytes(40),
    encode_ctrl(Nudge(), 0),
]
DATA = [
    encode_destination(FirstByte.DATA, 0, 1) + b"x",
    encode_destination(FirstByte.FRAME, 0, 1) + b"x",
    bytes.fromhex("00aa00000001"),
    b"?",
]
OTHERS = CONTROL + DATA

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

    assert read_shares(receiver, (0.0, 1.0, 1.0), [])
    for datagram in [HELLO, *OTHERS, HELLO]:
        sender.send(datagram)

    assert received(receiver) == OTHERS


@pytest.mark.parametrize(
    ("shares", "left"),
    [((1.0, 0.0, 1.0), [HELLO, *DATA]), ((1.0, 1.0, 0.0), [HELLO, *CONTROL]), ((0.0,) * 3, [])],
    ids=["control", "data", "all"],
)
def test_attack_33_flood_of_strays_is_dropped_by_the_kernel_kind_by_kind(
    sockets: tuple[socket.socket, socket.socket], shares: Shares, left: list[bytes]
) -> None:
    sender, receiver = sockets

    assert read_shares(receiver, shares, [])
    for datagram in [HELLO, *OTHERS]:
        sender.send(datagram)

    assert received(receiver) == left


@pytest.mark.parametrize("others", [0, 1, 15, 16, 17, 500, 1000])
def test_attack_33_members_are_read_whatever_strangers_send(
    sockets: tuple[socket.socket, socket.socket], others: int
) -> None:
    """The list is searched by halves: the member is at each place of it in turn."""
    sender, receiver = sockets
    member = sender.getsockname()[:2]
    with socket.socket(sender.family, socket.SOCK_DGRAM) as stranger:
        stranger.connect(receiver.getsockname())
        for lower in {0, others // 3, others}:
            members = [member, *neighbours(member, lower, others - lower)]
            assert read_shares(receiver, (0.0, 0.0, 0.0), members)
            stranger.send(HELLO)
            for datagram in OTHERS:
                stranger.send(datagram)
                sender.send(datagram)

            assert received(receiver) == OTHERS


def neighbours(member: tuple[str, int], lower: int, upper: int) -> list[tuple[str, int]]:
    """Return addresses that sort before the member's in the filter, and others after it."""
    port, host = member[1], "::9" if ":" in member[0] else "127.0.0.9"
    alike = [(host, port - step) for step in range(1, lower + 1)]
    return alike + [(host, port + step) for step in range(1, upper + 1)]


def test_list_that_is_too_long_leaves_all_but_hellos_to_be_read(
    sockets: tuple[socket.socket, socket.socket],
) -> None:
    sender, receiver = sockets
    many = [("192.0.2.1", port) for port in range(10_000)]

    assert read_shares(receiver, (0.0, 0.0, 0.0), many)
    for datagram in [HELLO, *OTHERS]:
        sender.send(datagram)

    assert received(receiver) == OTHERS


def test_a_share_of_hellos_gets_through(sockets: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = sockets

    assert read_shares(receiver, (0.5, 1.0, 1.0), [])
    for _ in range(100):
        sender.send(HELLO)

    assert 10 < len(received(receiver)) < 90


def test_every_hello_is_read_again_without_the_filter(
    sockets: tuple[socket.socket, socket.socket],
) -> None:
    sender, receiver = sockets
    read_shares(receiver, (0.0, 1.0, 1.0), [])

    assert read_shares(receiver, ALL, [])
    sender.send(HELLO)

    assert received(receiver) == [HELLO]


async def flood(port: int) -> None:
    """Send some 20,000 DATA of no session a second, until cancelled."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((LOOPBACK, port))
        while True:
            for _ in range(200):
                sock.send(DATA[0])
            await asyncio.sleep(0.01)


async def test_attack_33_rooms_open_and_talk_while_strangers_flood() -> None:
    """The filter learns of new members, and goes when the flood is over."""
    async with RelayServer(bind=[LOOPBACK], port=0) as relay:
        flooding = asyncio.create_task(flood(relay.port))
        await until(lambda: relay._guard.shares[Stray.OTHER] < 1)
        async with (
            packhorse.host(address_of(relay)) as host,
            packhorse.join(address_of(relay), host.code) as guest,
        ):
            await until(lambda: relay._guard.shares[Stray.OTHER] < 1)
            for _ in range(5):
                await guest.ping_peer(packhorse.HOST)
            assert relay._guard.shares[Stray.HELLO] == 1
        flooding.cancel()
        await until(lambda: relay._guard.shares == ALL)
        assert relay.drops[DropReason.UNKNOWN_SOURCE] > 0
        assert relay.drops[DropReason.UNREAD] > 0
