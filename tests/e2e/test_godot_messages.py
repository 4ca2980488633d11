"""Godot and Python exchange messages of all modes and sizes, also over a path that loses them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from hashlib import sha256
from typing import Final

import pytest

import packhorse
from packhorse import Mode
from packhorse_relay.aio.server import RelayServer
from tests.support.cross_traffic import CHANNELS, Check, planned
from tests.support.godot_member import Event, GodotMember
from tests.support.lossy_proxy import LossyProxy
from tests.support.relays import address_of, new_relay
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("godot")

_MESSAGES: Final = 120  # in each lane
_PATIENCE: Final = 180.0  # seconds; half a minute on an idle machine
_IN_LANES: Final = _MESSAGES * len(CHANNELS)


@pytest.fixture
async def relay() -> AsyncIterator[RelayServer]:
    """Give a relay in this process."""
    async with new_relay() as server:
        yield server


@pytest.fixture
def godot_member() -> Iterator[GodotMember]:
    """Give a Godot process."""
    with GodotMember() as process:
        yield process


async def report(member: GodotMember) -> Event:
    """Return what the Godot process says, without stopping the event loop."""
    return await asyncio.to_thread(member.report)


async def send_all(room: packhorse.Room) -> None:
    """Send every planned message to the Godot process, not all at once."""
    for sent, (mode, channel, data) in enumerate(planned(_MESSAGES)):
        await room.send(data, to=2, mode=mode, channel=channel)
        if sent % 8 == 0:
            await asyncio.sleep(0.01)
    await room.flush(_PATIENCE)


async def traffic_of(member: GodotMember) -> Event:
    """Wait until the Godot process has handed over all its messages; return its check.

    What was acknowledged, the game has read one frame later: in the next report.
    """
    while True:
        event = await report(member)
        if event["traffic"]["sent"]:
            break
        await asyncio.sleep(0.1)
    traffic: Event = (await report(member))["traffic"]
    return traffic


@pytest.mark.parametrize(("loss", "reorder"), [(0.0, 0.0), (0.05, 0.1)])
async def test_thousands_of_messages_arrive_both_ways_as_their_modes_promise(
    relay: RelayServer, godot_member: GodotMember, loss: float, reorder: float
) -> None:
    port = int(address_of(relay).rpartition(":")[2])
    async with (
        LossyProxy(port, loss=loss, reorder=reorder) as proxy,
        packhorse.host(address_of(relay)) as room,
    ):
        godot_member.do("join", relay=proxy.address, code=room.code, raw=True)
        await asyncio.to_thread(godot_member.expect, "peer_connected", peer=1)
        await until(lambda: room.peers)
        godot_member.do("exchange", to=1, messages=_MESSAGES)

        check = Check(_MESSAGES)
        async with asyncio.timeout(_PATIENCE):
            await asyncio.gather(send_all(room), check.run(room))
            traffic = await traffic_of(godot_member)

        counts = {Mode(int(mode)): count for mode, count in traffic["counts"].items()}
        assert traffic["faults"] == []
        assert counts[Mode.RELIABLE] == counts[Mode.RELIABLE_UNORDERED] == _IN_LANES
        assert check.counts[Mode.RELIABLE] == _IN_LANES
        for mode in (Mode.UNRELIABLE, Mode.UNRELIABLE_ORDERED):
            assert counts[mode] > _IN_LANES / 3
            assert check.counts[mode] > _IN_LANES / 3
        assert (proxy.lost > 0) == (loss > 0)


async def test_reliable_call_of_a_megabyte_arrives_whole(relay: RelayServer) -> None:
    size = 1 << 20
    with GodotMember() as host, GodotMember() as guest:
        code = await asyncio.to_thread(host.create, address_of(relay))
        await asyncio.to_thread(guest.join, address_of(relay), code)
        await asyncio.to_thread(host.expect, "peer_connected", peer=2)

        host.do("weigh", size=size)
        weighed = await asyncio.to_thread(lambda: guest.expect("weighed", timeout=_PATIENCE))

    expected = sha256(b"a" * size).hexdigest()
    assert (weighed["size"], weighed["hash"]) == (size, expected)


async def test_synchronized_changes_survive_a_lossy_path(relay: RelayServer) -> None:
    with GodotMember() as host, GodotMember() as guest:
        async with LossyProxy(relay.port, loss=0.2, reorder=0.1) as proxy:
            code = await asyncio.to_thread(host.create, address_of(relay))
            await asyncio.to_thread(guest.join, proxy.address, code)
            await asyncio.to_thread(host.expect, "peer_connected", peer=2)
            host.do("spawn", value=7)

            for mark in range(1, 31):
                host.do("mark", mark=mark)
                await asyncio.to_thread(partial(guest.expect, "mark_taken", mark=mark))

            assert proxy.lost > 0
