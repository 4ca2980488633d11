"""A session that goes over to WebSocket when a firewall begins to drop UDP, and is told so."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final, NamedTuple

import pytest

import packhorse
from packhorse_relay.aio.server import RelayServer
from tests.support.gate import Gate
from tests.support.relays import LOOPBACK, address_of, new_relay
from tests.support.tcp_only import TcpOnly
from tests.support.waiting import next_of, until

MOVED_WITHIN: Final = 15.0  # seconds: 10.5 and what opening takes
COUNT: Final = 400


class Firewall(NamedTuple):
    """A way to a relay over which UDP can be shut off, while TCP passes at the same port."""

    relay: RelayServer
    gate: Gate


@contextlib.asynccontextmanager
async def firewall(*, with_tcp: bool = True) -> AsyncIterator[Firewall]:
    async with new_relay() as relay, Gate((LOOPBACK, relay.port)) as gate:
        port = int(gate.address.split(":")[1])
        async with TcpOnly(relay.port, beside=port) if with_tcp else contextlib.nullcontext():
            yield Firewall(relay, gate)


class Talker:
    """Sends numbers to a peer, and notes what it hears and what becomes of its path."""

    def __init__(self, room: packhorse.Room, to: int) -> None:
        self.heard: list[int] = []
        self.changes: list[packhorse.PathChanged] = []
        self._room = room
        self._tasks = [asyncio.create_task(self._talk(to)), asyncio.create_task(self._listen())]

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _talk(self, to: int) -> None:
        for number in range(COUNT):
            data = number.to_bytes(2, "big")
            await self._room.send(data, to=to, mode=packhorse.Mode.RELIABLE)
            await asyncio.sleep(0.005)

    async def _listen(self) -> None:
        async for event in self._room:
            if isinstance(event, packhorse.Message):
                self.heard.append(int.from_bytes(event.data, "big"))
            elif isinstance(event, packhorse.PathChanged):
                self.changes.append(event)


async def test_session_goes_over_to_websocket_and_loses_no_reliable_message() -> None:
    async with (
        firewall() as wall,
        packhorse.host(address_of(wall.relay)) as host,
        packhorse.join(wall.gate.address, host.code) as guest,
    ):
        assert guest.path == packhorse.Path.RELAY_UDP.value
        talkers = [Talker(guest, to=1), Talker(host, to=2)]
        await until(lambda: all(len(talker.heard) > COUNT // 10 for talker in talkers))

        wall.gate.is_open = False
        await until(lambda: talkers[0].changes, within=MOVED_WITHIN)
        await until(lambda: all(len(t.heard) == COUNT for t in talkers), within=20.0)

        (change,) = talkers[0].changes
        assert change.path is guest.path is packhorse.Path.RELAY_WEBSOCKET
        assert change.address == guest.mapped_address
        assert [talker.heard for talker in talkers] == [[*range(COUNT)]] * 2
        assert {guest.peer_id} == host.peers == frozenset({packhorse.PeerId(2)})
        for talker in talkers:
            talker.stop()


async def test_other_address_is_told() -> None:
    async with firewall() as wall, packhorse.host(wall.gate.address) as room:
        before = room.mapped_address
        wall.gate.change_ports()

        changed = await next_of(room, packhorse.PathChanged, within=MOVED_WITHIN)

        assert changed == packhorse.PathChanged(packhorse.Path.RELAY_UDP, room.mapped_address)
        assert changed.address != before


async def test_session_stays_where_it_was_when_udp_comes_back_in_time() -> None:
    async with firewall(with_tcp=False) as wall, packhorse.host(wall.gate.address) as room:
        wall.gate.is_open = False
        await asyncio.sleep(8.0)  # so that it has looked for another path in vain
        wall.gate.is_open = True

        async with packhorse.join(address_of(wall.relay), room.code):
            await next_of(room, packhorse.PeerJoined)

        assert room.path is packhorse.Path.RELAY_UDP


async def test_session_that_is_to_use_udp_alone_does_not_move() -> None:
    async with (
        firewall() as wall,
        packhorse.host(wall.gate.address, transport="udp") as room,
    ):
        wall.gate.is_open = False
        with pytest.raises(AssertionError, match="no PathChanged"):
            await next_of(room, packhorse.PathChanged, within=12.0)

        assert room.path is packhorse.Path.RELAY_UDP
