"""The Python SDK in rooms of a real relay, over the loopback interface."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

import packhorse
from packhorse import DropReason, ErrorCode, Message, PeerFound, PeerJoined, PeerLeft, PeerLost
from packhorse_relay.aio.server import RelayServer
from tests.support.gate import Gate
from tests.support.relays import LOOPBACK, LOOPBACK_V6, address_of, new_relay, quick_settings
from tests.support.waiting import end_of, next_of, until

FLOOD = 5000


@pytest.fixture
async def relay() -> AsyncIterator[RelayServer]:
    async with new_relay() as server:
        yield server


@pytest.fixture
async def quick_relay() -> AsyncIterator[RelayServer]:
    """A relay that takes one second of silence for a loss."""
    async with new_relay(settings=quick_settings()) as server:
        yield server


async def test_host_gets_a_code_and_id_one(relay: RelayServer) -> None:
    async with packhorse.host(address_of(relay)) as room:
        assert (room.peer_id, room.is_host, room.peers) == (packhorse.HOST, True, frozenset())
        assert len(room.code) == len("K7QM-2XPA")
        assert room.mapped_address[0] == LOOPBACK


async def test_guest_joins_by_a_code_as_people_type_it(relay: RelayServer) -> None:
    async with packhorse.host(address_of(relay)) as host:
        typed = f" {host.code.lower().replace('-', ' ')}"
        async with packhorse.join(address_of(relay), typed) as guest:
            assert (guest.code, guest.peer_id) == (host.code, 2)
            assert guest.peers == {packhorse.HOST}
            assert await next_of(host, PeerJoined) == PeerJoined(packhorse.PeerId(2))
            assert host.peers == {2}


async def test_invite_names_the_relay(relay: RelayServer) -> None:
    async with (
        packhorse.host(address_of(relay)) as host,
        packhorse.join(None, f"{host.code}@{address_of(relay)}") as guest,
    ):
        assert guest.code == host.code


async def test_messages_travel_both_ways_with_their_source(relay: RelayServer) -> None:
    async with (
        packhorse.host(address_of(relay)) as host,
        packhorse.join(address_of(relay), host.code) as guest,
    ):
        await guest.send(b"up", to=packhorse.HOST)
        await host.send(b"down", to=guest.peer_id)

        assert await next_of(host, Message) == Message(b"up", guest.peer_id)
        assert await next_of(guest, Message) == Message(b"down", packhorse.HOST)


async def test_message_that_comes_at_once_with_the_roster_is_not_lost(relay: RelayServer) -> None:
    async def greet() -> None:
        await host.send(b"welcome", to=(await next_of(host, PeerJoined)).peer)

    async with (
        packhorse.host(address_of(relay)) as host,
        Gate((LOOPBACK, relay.port), collect=0.05) as gate,
    ):
        greeting = asyncio.create_task(greet())
        async with packhorse.join(gate.address, host.code) as guest:
            await greeting

            assert (await next_of(guest, Message)).data == b"welcome"


async def test_largest_message_arrives_whole(relay: RelayServer) -> None:
    async with (
        packhorse.host(address_of(relay)) as host,
        packhorse.join(address_of(relay), host.code) as guest,
    ):
        data = bytes(range(256)) * 5
        await guest.send(data[: guest.max_payload], to=packhorse.HOST)

        assert (await next_of(host, Message)).data == data[: guest.max_payload]


@pytest.mark.parametrize(
    ("data", "to"),
    [(bytes(65_537), 0), (b"x", 2**31), (b"x", 1)],
    ids=["too large", "no peer id", "to itself"],
)
async def test_message_that_cannot_be_sent_is_refused_locally(
    relay: RelayServer, data: bytes, to: int
) -> None:
    async with packhorse.host(address_of(relay)) as host:
        with pytest.raises(packhorse.LocalProtocolError):
            await host.send(data, to=to)


async def room_of(
    relay: RelayServer,
    stack: AsyncExitStack,
    guests: int,
    topology: packhorse.Topology = packhorse.Topology.MESH,
) -> list[packhorse.Room]:
    """Return the host and its guests, each of whom knows all others."""
    host = await stack.enter_async_context(packhorse.host(address_of(relay), topology=topology))
    rooms = [host]
    for _ in range(guests):
        join = packhorse.join(address_of(relay), host.code)
        rooms.append(await stack.enter_async_context(join))
    await until(lambda: all(len(room.peers) == guests for room in rooms))
    return rooms


async def messages_until(room: packhorse.Room, last: bytes) -> list[bytes]:
    """Return the messages that came before `last`."""
    before = []
    while (data := (await next_of(room, Message)).data) != last:
        before.append(data)
    return before


async def test_fan_out_reaches_all_others_and_leaves_one_out(relay: RelayServer) -> None:
    async with AsyncExitStack() as stack:
        host, *guests = await room_of(relay, stack, guests=3)
        await host.send(b"to all", to=packhorse.EVERYBODY)
        await host.send(b"not to 3", to=-3)
        await guests[0].send(b"from a guest to all")
        await host.send(b"end")

        got = [await messages_until(guest, b"end") for guest in guests]
        assert got[0] == [b"to all", b"not to 3"]
        assert got[1] == [b"to all", b"from a guest to all"]
        assert got[2] == [b"to all", b"not to 3", b"from a guest to all"]
        assert (await next_of(host, Message)).data == b"from a guest to all"


async def test_guests_of_a_star_reach_only_the_host(relay: RelayServer) -> None:
    async with AsyncExitStack() as stack:
        host, one, two = await room_of(relay, stack, guests=2, topology=packhorse.Topology.STAR)
        for to in (two.peer_id, packhorse.EVERYBODY):
            with pytest.raises(packhorse.LocalProtocolError, match="only the host"):
                await one.send(b"to others", to=to)
        await one.send(b"to the host", to=packhorse.HOST)
        assert (await next_of(host, Message)).data == b"to the host"
        await host.send(b"end")

        assert await messages_until(two, b"end") == []
        assert relay.drops == {}


async def test_message_to_nobody_is_counted_at_the_relay(relay: RelayServer) -> None:
    async with packhorse.host(address_of(relay)) as host:
        await host.send(b"hello?", to=7)  # goes nowhere
        await host.send(b"hello?")

        await until(lambda: relay.drops[DropReason.UNKNOWN_DESTINATION] == 1)


async def test_leaving_is_told_to_the_others(relay: RelayServer) -> None:
    async with packhorse.host(address_of(relay)) as host:
        async with packhorse.join(address_of(relay), host.code) as guest:
            gone = guest.peer_id

        assert await next_of(host, PeerLeft) == PeerLeft(gone, 0)
        assert host.peers == frozenset()
        assert relay.session_count == 1


async def test_host_that_leaves_closes_the_room(relay: RelayServer) -> None:
    async with (
        packhorse.host(address_of(relay)) as host,
        packhorse.join(address_of(relay), host.code) as guest,
    ):
        await host.aclose()
        error = await end_of(guest)

    assert isinstance(error, packhorse.SessionClosedByError)
    assert error.code is ErrorCode.ROOM_CLOSED
    assert error.advice
    assert relay.room_count == 0


async def test_kicked_peer_is_told_and_may_come_back(relay: RelayServer) -> None:
    async with AsyncExitStack() as stack:
        host, guest, other = await room_of(relay, stack, guests=2)
        await host.kick(guest.peer_id)

        error = await end_of(guest)
        assert isinstance(error, packhorse.SessionClosedByError)
        assert error.code is ErrorCode.KICKED
        assert await next_of(other, PeerLeft) == PeerLeft(guest.peer_id, ErrorCode.KICKED)
        async with packhorse.join(address_of(relay), host.code) as again:
            assert again.peer_id == 4  # an id never comes back


async def test_banned_peer_may_not_come_back(relay: RelayServer) -> None:
    async with AsyncExitStack() as stack:
        host, guest = await room_of(relay, stack, guests=1)
        await host.kick(guest.peer_id, ban=True)

        await end_of(guest)
        with pytest.raises(packhorse.JoinDeniedError) as denied:
            await stack.enter_async_context(packhorse.join(address_of(relay), host.code))
        assert denied.value.advice


async def test_guest_may_not_kick(relay: RelayServer) -> None:
    async with AsyncExitStack() as stack:
        _, one, two = await room_of(relay, stack, guests=2)

        with pytest.raises(packhorse.RelayRefusedError) as refused:
            await one.kick(two.peer_id)
        assert refused.value.code is ErrorCode.NOT_ALLOWED


async def test_full_room_is_told_as_such(relay: RelayServer) -> None:
    async with (
        packhorse.host(address_of(relay), max_peers=2) as host,
        packhorse.join(address_of(relay), host.code),
    ):
        with pytest.raises(packhorse.RoomFullError):
            async with packhorse.join(address_of(relay), host.code):
                pass


async def test_silent_peer_is_lost_then_found_then_removed(quick_relay: RelayServer) -> None:
    async with (
        Gate((LOOPBACK, quick_relay.port)) as gate,
        packhorse.host(address_of(quick_relay)) as host,
        packhorse.join(gate.address, host.code) as guest,
    ):
        gate.is_open = False
        assert await next_of(host, PeerLost) == PeerLost(guest.peer_id)
        assert host.lost_peers == host.peers == {guest.peer_id}
        gate.is_open = True
        assert await next_of(host, PeerFound) == PeerFound(guest.peer_id)
        gate.is_open = False
        assert await next_of(host, PeerLeft) == PeerLeft(guest.peer_id, ErrorCode.LEASE_EXPIRED)


async def test_session_is_lost_and_resumed_with_its_network(quick_relay: RelayServer) -> None:
    async with (
        Gate((LOOPBACK, quick_relay.port)) as gate,
        packhorse.host(gate.address) as host,
        packhorse.join(address_of(quick_relay), host.code) as guest,
    ):
        gate.is_open = False
        await next_of(host, packhorse.SessionLost)
        gate.is_open = True
        await next_of(host, packhorse.SessionResumed)

        await until(lambda: not guest.lost_peers)
        await guest.send(b"still here?", to=packhorse.HOST)
        assert (await next_of(host, Message)).data == b"still here?"


async def test_ipv4_and_ipv6_members_share_a_room() -> None:
    async with new_relay(LOOPBACK, LOOPBACK_V6) as relay, AsyncExitStack() as stack:
        v4, v6 = address_of(relay), address_of(relay, LOOPBACK_V6)
        host = await stack.enter_async_context(packhorse.host(v6))
        guest = await stack.enter_async_context(packhorse.join(v4, host.code))
        assert (host.mapped_address[0], guest.mapped_address[0]) == (LOOPBACK_V6, LOOPBACK)

        await guest.send(b"four to six", to=packhorse.HOST)
        await host.send(b"six to four")

        assert (await next_of(host, Message)).data == b"four to six"
        assert (await next_of(guest, Message)).data == b"six to four"


async def test_relay_name_with_two_addresses_works_where_only_one_answers(
    relay: RelayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def both(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        assert host == "relay.invalid"
        return [
            (socket.AF_INET6, socket.SOCK_DGRAM, 17, "", (LOOPBACK_V6, port, 0, 0)),
            (socket.AF_INET, socket.SOCK_DGRAM, 17, "", (LOOPBACK, port)),
        ]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", both)
    async with packhorse.host(f"relay.invalid:{relay.port}", timeout=2.0) as room:
        assert room.mapped_address[0] == LOOPBACK


async def test_messages_that_nobody_reads_are_bounded_and_counted(relay: RelayServer) -> None:
    async with AsyncExitStack() as stack:
        host, guest = await room_of(relay, stack, guests=1)
        for number in range(FLOOD):
            await guest.send(number.to_bytes(4), to=packhorse.HOST)
            if number % 50 == 0:
                await asyncio.sleep(0)  # the relay and the host run in this loop too
        await until(lambda: relay.datagrams_forwarded >= FLOOD - 1)
        await until(lambda: host.drops[DropReason.BUFFER_FULL] == FLOOD - 4096)

        kept = [(await next_of(host, Message)).data for _ in range(4096)]
        assert kept == [number.to_bytes(4) for number in range(4096)]  # the newest are dropped
        await guest.send(b"after the flood", to=packhorse.HOST)
        assert (await next_of(host, Message)).data == b"after the flood"
