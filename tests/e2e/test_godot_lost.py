"""A Godot game whose relay falls silent: it is told, and told again when the relay is back."""

import asyncio
from collections.abc import Iterator
from functools import partial

import pytest

from tests.support.gate import Gate
from tests.support.godot_member import Event, GodotMember
from tests.support.relays import LOOPBACK, new_relay, quick_settings

pytestmark = pytest.mark.usefixtures("godot")


@pytest.fixture
def member() -> Iterator[GodotMember]:
    """Give a Godot process."""
    with GodotMember() as process:
        yield process


async def expect(member: GodotMember, event: str, **fields: object) -> Event:
    """Wait for the event without stopping the event loop."""
    return await asyncio.to_thread(partial(member.expect, event, timeout=10.0, **fields))


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


async def test_host_that_is_heard_no_more_ends_the_room(member: GodotMember) -> None:
    with GodotMember() as client:
        async with new_relay(settings=quick_settings()) as relay:
            address = f"{LOOPBACK}:{relay.port}"
            member.do("create", relay=address)
            code = (await expect(member, "room_created"))["code"]
            client.do("join", relay=address, code=code)
            await expect(client, "peer_connected", peer=1)

            member.kill()

            assert (await expect(client, "connection_error"))["name"] == "HOST_LOST"
            await expect(client, "server_disconnected")
