"""A Godot host that decides who joins, Godot games that ask, and one that comes back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

import packhorse
from packhorse_relay.aio.server import RelayServer
from tests.support.godot_member import GodotMember, expect
from tests.support.relays import address_of, new_relay
from tests.support.waiting import next_of

pytestmark = pytest.mark.usefixtures("godot")


@pytest.fixture
async def relay() -> AsyncIterator[RelayServer]:
    async with new_relay() as server:
        yield server


@pytest.fixture
def games() -> Iterator[list[GodotMember]]:
    """Give two Godot processes."""
    with contextlib.ExitStack() as stack:
        started = [GodotMember(), GodotMember()]  # side by side
        yield [stack.enter_context(game) for game in started]


async def create(game: GodotMember, relay: RelayServer) -> str:
    """Let a game create a room whose host decides; return the code."""
    game.do("create", relay=address_of(relay), approve=True)
    return str((await expect(game, "room_created"))["code"])


async def test_godot_host_admits_one_godot_game_and_refuses_it_the_next_time(
    relay: RelayServer, games: list[GodotMember]
) -> None:
    """ADM-8."""
    host, guest = games
    code = await create(host, relay)

    for admit in (True, False):
        guest.do("join", relay=address_of(relay), code=code, name="Änn")
        await expect(guest, "stage_changed", stage="WAITING")
        asked = await expect(host, "join_requested", name="Änn")
        host.do("decide", request=asked["request"], admit=admit)
        await expect(host, "decided", result="OK")
        if admit:
            await expect(guest, "connected_to_server")
            await expect(host, "peer_connected", peer=2)
            guest.do("close")
            await expect(host, "peer_disconnected", peer=2)

    assert (await expect(guest, "connection_error"))["name"] == "JOIN_DENIED"


async def test_godot_host_decides_about_python_members(
    relay: RelayServer, games: list[GodotMember]
) -> None:
    host = games[0]
    code = await create(host, relay)

    for admit in (False, True):
        entering = asyncio.create_task(enter(relay, code))
        asked = await expect(host, "join_requested", name="Bob")
        host.do("decide", request=asked["request"], admit=admit)
        assert await entering is admit


async def test_game_that_gives_up_while_it_is_let_in_leaves_no_ghost(
    relay: RelayServer, games: list[GodotMember]
) -> None:
    guest = games[0]
    async with packhorse.host(address_of(relay), approve=True) as room:
        guest.do("join", relay=address_of(relay), code=room.code)
        asked = await next_of(room, packhorse.JoinRequested)

        guest.do("close")
        await asyncio.to_thread(guest.report)  # it has closed
        await room.admit(asked.request)

        assert await next_of(room, packhorse.PeerJoined) == packhorse.PeerJoined(
            packhorse.PeerId(2)
        )
        left = await next_of(room, packhorse.PeerLeft)  # long before its lease of 60 s ends
        assert (left.peer, left.code) == (2, 0)


async def test_game_that_was_killed_comes_back_with_its_id(
    relay: RelayServer, games: list[GodotMember]
) -> None:
    before, after = games
    async with packhorse.host(address_of(relay)) as room:
        before.do("join", relay=address_of(relay), code=room.code)
        await expect(before, "connected_to_server")
        before.do("save")
        saved = (await expect(before, "saved"))["session"]
        before.kill()

        after.do("resume", relay=address_of(relay), saved=saved)
        await expect(after, "connected_to_server")
        report = await asyncio.to_thread(after.report)

        assert (report["id"], report["code"]) == (2, room.code)
        assert (await next_of(room, packhorse.PeerLeft)).code == packhorse.ErrorCode.REPLACED
        after.do("say", to=1, text="I am back", reliable=True)
        message = await next_of(room, packhorse.Message)
        assert message.source == 2


async def enter(relay: RelayServer, code: str) -> bool:
    """Tell whether somebody may join."""
    try:
        async with packhorse.join(address_of(relay), code, name="Bob"):
            return True
    except packhorse.JoinDeniedError:
        return False
