"""Godot and Python members in one room: bytes both ways, without Godot's MultiplayerAPI."""

from collections.abc import AsyncIterator, Iterator

import pytest

import packhorse
from packhorse.wire.constants import MAX_UNRELIABLE_MESSAGE
from tests.support.godot_member import GodotMember, expect
from tests.support.relay_process import RelayProcess
from tests.support.waiting import next_of

pytestmark = pytest.mark.usefixtures("godot")


@pytest.fixture
def relay() -> Iterator[RelayProcess]:
    """Give a relay of the test's own."""
    with RelayProcess() as process:
        yield process


@pytest.fixture
def godot_member() -> Iterator[GodotMember]:
    """Give a Godot process."""
    with GodotMember() as process:
        yield process


@pytest.fixture
async def room(relay: RelayProcess) -> AsyncIterator[packhorse.Room]:
    """Give a room whose host is this process."""
    async with packhorse.host(relay.address) as hosted:
        yield hosted


async def enter(member: GodotMember, relay: RelayProcess, room: packhorse.Room) -> None:
    """Let the Godot member join without MultiplayerAPI."""
    member.do("join", relay=relay.address, code=room.code, raw=True)
    await expect(member, "stage_changed", stage="CONNECTED")
    await next_of(room, packhorse.PeerJoined)


async def test_bytes_arrive_as_they_are(
    relay: RelayProcess, room: packhorse.Room, godot_member: GodotMember
) -> None:
    await enter(godot_member, relay, room)
    everything = bytes(range(256))

    await room.send(everything, to=2)
    godot_member.do("put", to=1, hex=everything.hex())

    packet = await expect(godot_member, "packet")
    assert (packet["peer"], packet["hex"]) == (1, everything.hex())
    message = await next_of(room, packhorse.Message)
    assert (message.source, message.data) == (2, everything)


async def test_largest_packet_fits_and_a_larger_is_refused(
    relay: RelayProcess, room: packhorse.Room, godot_member: GodotMember
) -> None:
    await enter(godot_member, relay, room)

    godot_member.do("put", to=1, hex="ab" * MAX_UNRELIABLE_MESSAGE)

    assert (await expect(godot_member, "put"))["result"] == "OK"
    assert (await next_of(room, packhorse.Message)).data == b"\xab" * MAX_UNRELIABLE_MESSAGE
    godot_member.expected_error = "refused a packet of 65537 bytes"
    for _ in range(2):
        godot_member.do("put", to=1, hex="ab" * (MAX_UNRELIABLE_MESSAGE + 1))
        assert (await expect(godot_member, "put"))["result"] == "Invalid parameter"
    assert godot_member.output.count("refused a packet") == 1


@pytest.mark.parametrize(("target", "receivers"), [(0, {1, 3}), (-1, {3}), (-3, {1}), (3, {3})])
async def test_every_target_reaches_whom_it_names(
    relay: RelayProcess,
    room: packhorse.Room,
    godot_member: GodotMember,
    target: int,
    receivers: set[int],
) -> None:
    await enter(godot_member, relay, room)
    async with packhorse.join(relay.address, room.code) as third:
        await expect(godot_member, "peer_connected", peer=3)

        godot_member.do("put", to=target, hex="01")
        godot_member.do("put", to=0, hex="02")

        for member in (room, third):
            first = await next_of(member, packhorse.Message)
            assert first.data == (b"\x01" if member.peer_id in receivers else b"\x02")


async def test_unknown_target_is_refused(
    relay: RelayProcess, room: packhorse.Room, godot_member: GodotMember
) -> None:
    await enter(godot_member, relay, room)

    godot_member.do("put", to=9, hex="01")

    assert (await expect(godot_member, "put"))["result"] == "Invalid parameter"


async def test_python_joins_a_room_of_godot(relay: RelayProcess, godot_member: GodotMember) -> None:
    godot_member.do("create", relay=relay.address, raw=True)
    code = (await expect(godot_member, "room_created"))["code"]

    async with packhorse.join(relay.address, str(code)) as room:
        await expect(godot_member, "peer_connected", peer=2)
        await room.send(b"hello", to=packhorse.HOST)
        packet = await expect(godot_member, "packet", hex=b"hello".hex())
        godot_member.do("put", to=-1, hex=b"hello back".hex())
        message = await next_of(room, packhorse.Message)

    assert packet["peer"] == 2
    assert (message.source, message.data) == (1, b"hello back")
    await expect(godot_member, "peer_disconnected", peer=2)


async def test_last_words_arrive_before_the_peer_goes(
    relay: RelayProcess, godot_member: GodotMember
) -> None:
    godot_member.do("create", relay=relay.address, raw=True)
    code = (await expect(godot_member, "room_created"))["code"]

    async with packhorse.join(relay.address, str(code)) as room:
        await expect(godot_member, "peer_connected", peer=2)
        await room.send(b"goodbye", to=packhorse.HOST)

    await expect(godot_member, "packet", hex=b"goodbye".hex())
    await expect(godot_member, "peer_disconnected", peer=2)
