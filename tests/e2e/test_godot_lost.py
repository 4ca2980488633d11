"""A Godot game whose relay falls silent: it is told, and told again when the relay is back."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import packhorse
from packhorse.wire.constants import DropReason
from tests.support.gate import Gate
from tests.support.godot_member import GodotMember, expect
from tests.support.relays import LOOPBACK, new_relay, patient_settings, quick_settings

pytestmark = pytest.mark.usefixtures("godot")


@pytest.fixture
def member() -> Iterator[GodotMember]:
    """Give a Godot process."""
    with GodotMember() as process:
        yield process


async def test_silence_is_told_and_its_end(member: GodotMember) -> None:
    settings = quick_settings(lost_after=1.0, removed_after=30.0)
    async with new_relay(settings=settings) as relay, Gate((LOOPBACK, relay.port)) as gate:
        member.do("create", relay=gate.address)
        await expect(member, "stage_changed", stage="CONNECTED")

        gate.is_open = False
        await expect(member, "session_lost")
        gate.is_open = True
        await expect(member, "session_resumed")

    assert member.unexpected("server_disconnected") == []


async def test_long_silence_ends_the_session(member: GodotMember) -> None:
    async with new_relay(settings=quick_settings()) as relay, Gate((LOOPBACK, relay.port)) as gate:
        member.do("create", relay=gate.address)
        await expect(member, "stage_changed", stage="CONNECTED")

        gate.is_open = False
        await expect(member, "session_lost")
        error = await expect(member, "connection_error")

    assert error["name"] == "LEASE_EXPIRED"
    await expect(member, "server_disconnected")


async def test_restarted_relay_that_knows_nothing_ends_the_session(member: GodotMember) -> None:
    settings = quick_settings(removed_after=60.0)
    relay = new_relay(settings=settings)
    await relay.__aenter__()
    port = relay.port
    async with Gate((LOOPBACK, port)) as gate:
        member.do("create", relay=gate.address)
        await expect(member, "stage_changed", stage="CONNECTED")

        gate.is_open = False  # so that the relay cannot say goodbye
        await relay.__aexit__(None, None, None)
        await expect(member, "session_lost")
        async with new_relay(port=port, settings=settings):
            gate.is_open = True
            error = await expect(member, "connection_error")

    assert error["name"] == "SESSION_UNKNOWN"
    await expect(member, "server_disconnected")


async def test_room_goes_on_when_the_relay_was_restarted(
    member: GodotMember, tmp_path: Path
) -> None:
    """RES-7: in the game nothing has to be done."""
    settings = quick_settings(lost_after=1.0, removed_after=60.0)
    relay = new_relay(settings=settings, state_dir=tmp_path)
    await relay.__aenter__()
    port = relay.port
    async with Gate((LOOPBACK, port)) as gate:
        member.do("create", relay=gate.address)
        code = (await expect(member, "room_created"))["code"]
        await asyncio.sleep(0.3)  # PONGs with tickets come every 0.1 s

        gate.is_open = False  # so that the relay cannot say goodbye
        await relay.__aexit__(None, None, None)
        await expect(member, "session_lost")
        async with new_relay(port=port, settings=settings, state_dir=tmp_path) as again:
            gate.is_open = True
            await expect(member, "session_resumed")
            assert again.room_count == 1
            async with packhorse.join(gate.address, code) as guest:
                await expect(member, "peer_connected", peer=guest.peer_id)
                assert guest.peers == {1}

    assert member.unexpected("connection_error") == []


async def test_killed_peer_is_told_long_before_it_is_removed(member: GodotMember) -> None:
    with GodotMember() as client:
        async with new_relay(settings=quick_settings(removed_after=8.0)) as relay:
            address = f"{LOOPBACK}:{relay.port}"
            member.do("create", relay=address)
            code = (await expect(member, "room_created"))["code"]
            client.do("join", relay=address, code=code)
            await expect(client, "peer_connected", peer=1)

            member.kill()

            await expect(client, "peer_lost", peer=1)
            assert client.unexpected("peer_disconnected") == []
            await expect(client, "peer_disconnected", peer=1)


async def test_peer_that_is_heard_again_is_told(member: GodotMember) -> None:
    settings = quick_settings(lost_after=1.0, removed_after=30.0)
    with GodotMember() as client:
        async with new_relay(settings=settings) as relay, Gate((LOOPBACK, relay.port)) as gate:
            member.do("create", relay=f"{LOOPBACK}:{relay.port}")
            code = (await expect(member, "room_created"))["code"]
            client.do("join", relay=gate.address, code=code)
            await expect(member, "peer_connected", peer=2)

            gate.is_open = False
            await expect(member, "peer_lost", peer=2)
            gate.is_open = True
            await expect(member, "peer_found", peer=2)
            assert member.unexpected("peer_disconnected") == []


async def test_room_after_too_many_is_created_when_the_relay_allows_it(member: GodotMember) -> None:
    settings = replace(patient_settings(), create_rate=10.0)  # a minute; one more after 6 s
    async with new_relay(settings=settings) as relay:
        address = f"{LOOPBACK}:{relay.port}"
        for _ in range(10):
            async with packhorse.host(address):
                pass

        member.do("create", relay=address)
        await expect(member, "room_created")

        assert relay.drops[DropReason.REFUSED] == 1
        assert member.unexpected("connection_error") == []


async def test_host_that_is_heard_no_more_ends_the_room(member: GodotMember) -> None:
    with GodotMember() as client:
        async with new_relay(settings=quick_settings(removed_after=6.0)) as relay:
            address = f"{LOOPBACK}:{relay.port}"
            member.do("create", relay=address)
            code = (await expect(member, "room_created"))["code"]
            client.do("join", relay=address, code=code)
            await expect(client, "peer_connected", peer=1)

            member.kill()

            assert (await expect(client, "connection_error"))["name"] == "HOST_LOST"
            await expect(client, "server_disconnected")
