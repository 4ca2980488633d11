"""Godot games go on when what is between them breaks: nothing reliable is lost or doubled."""

import asyncio
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pytest

import packhorse
from tests.support.gate import Gate
from tests.support.godot_counting import count_up, stop_and_check, wait_for_numbers
from tests.support.godot_member import GodotMember, Start, expect
from tests.support.killable_relay import KillableRelay
from tests.support.lossy_proxy import LossyProxy
from tests.support.rebinding_proxy import RebindingProxy
from tests.support.relay_process import RelayProcess
from tests.support.relays import (
    LOOPBACK,
    address_of,
    new_relay,
    patient_settings,
    quick_settings,
)
from tests.support.tcp_only import TcpOnly

pytestmark = pytest.mark.usefixtures("godot")

TRANSPORTS: Final = ("UDP", "WEBSOCKET")
_BACK_WITHIN: Final = 30.0  # seconds; a busy machine
_FREEZE: Final = 20.0  # seconds
_DRAIN: Final = 6.0  # seconds
_LARGE: Final = 1 << 20  # bytes


def meet(host: GodotMember, relay: str, *clients: tuple[GodotMember, str], of_host: str) -> None:
    """Let the clients join the host's room, in this order, over their transports."""
    code = host.create(relay, transport=of_host)
    for number, (client, transport) in enumerate(clients):
        client.join(relay, code, transport=transport)
        host.expect("peer_connected", peer=number + 2)
        client.expect("peer_connected", peer=1)


@pytest.mark.parametrize("of_host", TRANSPORTS)
def test_relay_is_killed_and_restarted_while_all_count(
    start: Start, tmp_path: Path, of_host: str
) -> None:
    host, over_udp, over_websocket = start(3)
    with KillableRelay(tmp_path) as relay:
        clients = (over_udp, "UDP"), (over_websocket, "WEBSOCKET")
        meet(host, relay.address, *clients, of_host=of_host)
        over_udp.expect("peer_connected", peer=3)
        count_up(host, over_udp, over_websocket)
        for _ in range(2):
            wait_for_numbers(over_websocket, 1, 10, timeout=_BACK_WITHIN)
            relay.kill_and_restart()
            for member, peer in ((over_udp, 3), (over_websocket, 1), (host, 3), (host, 2)):
                wait_for_numbers(member, peer, 10, timeout=_BACK_WITHIN)

        said = stop_and_check(host, over_udp, over_websocket, timeout=_BACK_WITHIN)

    assert min(said) > 20
    for member in (host, over_udp, over_websocket):
        assert member.unexpected("connection_error") == []
        assert member.unexpected("peer_disconnected") == []


def test_address_changes_while_both_count(start: Start) -> None:
    host, client = start(2)
    with RelayProcess() as relay, RebindingProxy(relay.port) as proxy:
        code = host.create(relay.address)
        client.join(proxy.address, code, transport="UDP")
        client.expect("peer_connected", peer=1)
        count_up(host, client)
        for _ in range(2):
            wait_for_numbers(host, 2, 10, timeout=_BACK_WITHIN)
            proxy.rebind()
            wait_for_numbers(host, 2, 10, timeout=_BACK_WITHIN)

        stop_and_check(host, client, timeout=_BACK_WITHIN)

    assert client.unexpected("session_lost") == []


async def test_websocket_breaks_while_both_count(start: Start) -> None:
    host, client = await asyncio.to_thread(start, 2)
    with RelayProcess() as relay:
        async with TcpOnly(relay.port) as way:
            code = await asyncio.to_thread(host.create, relay.address)
            joining = partial(client.join, way.address, code, transport="WEBSOCKET")
            await asyncio.to_thread(joining)
            await asyncio.to_thread(client.expect, "peer_connected", peer=1)
            count_up(host, client)
            waiting = partial(wait_for_numbers, host, 2, 10, timeout=_BACK_WITHIN)
            for _ in range(3):
                await asyncio.to_thread(waiting)
                way.break_connections()
                await asyncio.to_thread(waiting)

            await asyncio.to_thread(partial(stop_and_check, host, client, timeout=_BACK_WITHIN))

    assert client.unexpected("session_lost") == []


async def test_every_tenth_datagram_is_lost_while_both_count(start: Start) -> None:
    host, client = await asyncio.to_thread(start, 2)
    async with new_relay() as relay, LossyProxy(relay.port, loss=0.1, reorder=0.05) as proxy:
        code = await asyncio.to_thread(host.create, address_of(relay))
        await asyncio.to_thread(client.join, proxy.address, code, transport="UDP")
        await expect(client, "peer_connected", peer=1)
        count_up(host, client)
        waiting = partial(wait_for_numbers, host, 2, 150, timeout=60.0)
        await asyncio.to_thread(waiting)

        said = await asyncio.to_thread(partial(stop_and_check, host, client, timeout=_BACK_WITHIN))

    assert min(said) >= 100
    assert proxy.lost > 20
    assert client.unexpected("session_lost") == []


async def test_udp_that_dies_is_left_for_websocket_while_both_count(start: Start) -> None:
    host, client = await asyncio.to_thread(start, 2)
    settings = quick_settings(lost_after=2.0, removed_after=60.0)
    async with (
        new_relay(settings=settings) as relay,
        Gate((LOOPBACK, relay.port)) as gate,
        TcpOnly(relay.port, beside=gate.port),
    ):
        code = await asyncio.to_thread(host.create, address_of(relay))
        await asyncio.to_thread(client.join, gate.address, code)
        await expect(client, "peer_path", peer=1, path="RELAY_UDP")
        count_up(host, client)
        waiting = partial(wait_for_numbers, host, 2, 10, timeout=_BACK_WITHIN)
        await asyncio.to_thread(waiting)

        gate.is_open = False
        moving = partial(client.expect, "peer_path", path="RELAY_WEBSOCKET", timeout=_BACK_WITHIN)
        await asyncio.to_thread(moving)
        await asyncio.to_thread(client.expect, "session_resumed")

        await asyncio.to_thread(waiting)
        await asyncio.to_thread(partial(stop_and_check, host, client, timeout=_BACK_WITHIN))
        assert client.unexpected("peer_disconnected") == []


async def test_udp_that_comes_back_is_kept(start: Start) -> None:
    host, client = await asyncio.to_thread(start, 2)
    settings = quick_settings(lost_after=2.0, removed_after=60.0)
    async with new_relay(settings=settings) as relay, Gate((LOOPBACK, relay.port)) as gate:
        code = await asyncio.to_thread(host.create, address_of(relay))
        await asyncio.to_thread(client.join, gate.address, code)  # no TCP passes the gate
        await expect(client, "peer_path", peer=1)
        count_up(host, client)

        gate.is_open = False
        await asyncio.to_thread(client.expect, "session_lost")
        await asyncio.sleep(6.0)  # UDP counts as dead
        gate.is_open = True
        await asyncio.to_thread(client.expect, "session_resumed")

        await asyncio.to_thread(partial(stop_and_check, host, client, timeout=_BACK_WITHIN))
        assert client.unexpected("peer_path") == []


async def test_relay_that_was_away_for_long_is_met_over_udp_again(
    start: Start, tmp_path: Path
) -> None:
    (client,) = await asyncio.to_thread(start, 1)
    settings = quick_settings(lost_after=1.0, removed_after=60.0, ping_interval=2.0)
    relay = new_relay(settings=settings, state_dir=tmp_path)
    await relay.__aenter__()
    port = relay.port
    async with (
        Gate((LOOPBACK, port)) as gate,
        TcpOnly(port, beside=gate.port),
        packhorse.host(gate.address) as room,
    ):
        await asyncio.to_thread(client.join, gate.address, room.code)
        await expect(client, "peer_path", peer=1, path="RELAY_UDP")

        gate.is_open = False  # so that the relay cannot say goodbye
        await relay.__aexit__(None, None, None)
        await asyncio.sleep(6.0)  # UDP counts as dead
        async with new_relay(port=port, settings=settings, state_dir=tmp_path):
            gate.is_open = True
            await asyncio.to_thread(client.expect, "session_resumed")
            assert not await asyncio.to_thread(partial(client.has, "peer_path", within=2.5))


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_relay_that_drains_says_when_it_stops(start: Start, transport: str) -> None:
    host, client = await asyncio.to_thread(start, 2)
    async with new_relay(settings=replace(patient_settings(), drain_time=_DRAIN)) as relay:
        entering = partial(meet, host, address_of(relay), (client, transport), of_host=transport)
        await asyncio.to_thread(entering)

        draining_ends = asyncio.create_task(relay.drain())

        for member in (host, client):
            draining = await asyncio.to_thread(member.expect, "relay_draining")
            assert 0.0 < draining["seconds"] <= _DRAIN
        client.do("say", text="one last word", to=1)
        await expect(host, "heard", text="one last word")
        await draining_ends

    for member in (host, client):
        error = await asyncio.to_thread(member.expect, "connection_error")
        assert error["name"] == "DRAINING"
        await asyncio.to_thread(member.expect, "server_disconnected")


def load(*members: GodotMember) -> None:
    """Let the main threads sleep for longer than the relay waits until a peer counts as lost."""
    for member in members:
        member.do("freeze", seconds=_FREEZE)


def wait_until_sent(member: GodotMember, *, until: float) -> None:
    """Wait until nothing reliable waits to be sent, for as long as others load."""
    while member.report()["statistics"]["queued_bytes"]:
        assert time.monotonic() < until, "still waits"
        time.sleep(0.1)


def test_nobody_notices_that_games_load_for_20_s(start: Start) -> None:
    """What they are sent is acknowledged meanwhile, and read afterwards, in order."""
    host, over_udp, over_websocket = start(3)
    with RelayProcess() as relay:
        clients = (over_udp, "UDP"), (over_websocket, "WEBSOCKET")
        meet(host, relay.address, *clients, of_host="UDP")
        count_up(host)
        for client, _transport in clients:
            wait_for_numbers(client, 1, 3, timeout=_BACK_WITHIN)

        ends_at = time.monotonic() + _FREEZE
        load(over_udp, over_websocket)
        host.do("weigh", size=_LARGE)
        wait_until_sent(host, until=ends_at)
        time.sleep(max(0.0, ends_at - time.monotonic()))

        for client, _transport in clients:
            client.expect("weighed", size=_LARGE)
        count_up(over_udp, over_websocket)
        for client, _transport in clients:
            wait_for_numbers(client, 1, 10, timeout=_BACK_WITHIN)
        stop_and_check(host, over_udp, over_websocket, timeout=_BACK_WITHIN)

        for member in (host, over_udp, over_websocket):
            for event in ("connection_error", "peer_disconnected", "peer_lost", "session_lost"):
                assert member.unexpected(event) == []


def test_nobody_notices_that_a_host_loads_for_20_s(start: Start) -> None:
    host, client = start(2)
    with RelayProcess() as relay:
        meet(host, relay.address, (client, "UDP"), of_host="WEBSOCKET")
        count_up(client)
        wait_for_numbers(host, 2, 3, timeout=_BACK_WITHIN)

        load(host)
        time.sleep(_FREEZE)

        count_up(host)
        wait_for_numbers(host, 2, 10, timeout=_BACK_WITHIN)
        wait_for_numbers(client, 1, 10, timeout=_BACK_WITHIN)
        stop_and_check(host, client, timeout=_BACK_WITHIN)

        for member in (host, client):
            for event in ("connection_error", "peer_disconnected", "peer_lost", "session_lost"):
                assert member.unexpected(event) == []


def test_games_that_load_without_the_network_thread_are_lost_and_found(start: Start) -> None:
    host, client = start(2)
    with RelayProcess() as relay:
        code = host.create(relay.address, transport="UDP", network_thread=False)
        client.join(relay.address, code, transport="WEBSOCKET", network_thread=False)
        host.expect("peer_connected", peer=2)
        count_up(host, client)
        for loading, other, peer in ((client, host, 2), (host, client, 1)):
            wait_for_numbers(other, peer, 3, timeout=_BACK_WITHIN)
            load(loading)
            other.expect("peer_lost", peer=peer)
            other.expect("peer_found", peer=peer)

        stop_and_check(host, client, timeout=_BACK_WITHIN)

        for member in (host, client):
            assert member.unexpected("connection_error") == []
            assert member.unexpected("peer_disconnected") == []
