"""Public rooms of a real relay, by the SDK and by the command."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

import packhorse
from packhorse.cli.main import main
from packhorse.wire.room_code import RoomCode
from packhorse_relay.aio.server import RelayServer
from tests.support import middleman_process
from tests.support.godot_member import GodotMember, expect
from tests.support.middleman_process import free_port, hosting
from tests.support.processes import run
from tests.support.relay_process import RelayProcess
from tests.support.relays import address_of, new_relay


@pytest.fixture
async def relay() -> AsyncIterator[RelayServer]:
    async with new_relay() as server:
        yield server


async def test_list_that_cannot_be_had_names_each_way_that_was_tried() -> None:
    with pytest.raises(packhorse.ConnectivityError) as caught:
        await packhorse.list_rooms(f"127.0.0.1:{free_port()}", transport="ws")

    tried = [attempt.split("://") for attempt in caught.value.attempts]
    assert [scheme for scheme, _why in tried] == ["ws", "wss"]
    assert all(why.endswith(": nothing takes connections there") for _scheme, why in tried)
    assert "it is running" in caught.value.advice


async def test_only_rooms_that_want_it_are_listed(relay: RelayServer) -> None:
    """ADM-10."""
    async with packhorse.host(address_of(relay)), packhorse.host(address_of(relay)) as room:
        assert await packhorse.list_rooms(address_of(relay)) == []
        await room.set_options(listed=True, metadata=b"tag", max_peers=5)
        (found,) = await packhorse.list_rooms(address_of(relay))
        assert (found.code, found.peers, found.max_peers) == (room.code.replace("-", ""), 1, 5)
        assert found.metadata == b"tag"
        await room.set_options(listed=False)
        assert await packhorse.list_rooms(address_of(relay)) == []


async def test_attack_25_control_characters_of_metadata_do_not_reach_the_terminal(
    relay: RelayServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """ADM-10: an escape sequence, a right-to-left override, markup, and bytes that are no text."""
    evil = "\x1b[2J\x07\u202e[red]x\n".encode() + b"\xff"
    async with packhorse.host(address_of(relay)) as room:
        await room.set_options(listed=True, metadata=evil)
        command = ["rooms", "--relay", address_of(relay)]
        assert await asyncio.to_thread(main, command) == 0
        text = capsys.readouterr().out
        assert await asyncio.to_thread(main, [*command, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)

    assert room.code in text
    assert r"\x1b[2J\x07\u202e[red]x\n" in "".join(text.split())
    assert not {*text} & {"\x1b", "\x07", "\u202e"}
    assert told["metadata"].endswith("\\xff")


async def test_metadata_too_large_is_refused_locally(relay: RelayServer) -> None:
    async with packhorse.host(address_of(relay)) as room:
        with pytest.raises(packhorse.LocalProtocolError):
            await room.set_options(listed=True, metadata=bytes(513))


async def test_relay_that_is_not_there_is_an_error_with_advice() -> None:
    with pytest.raises(packhorse.PackhorseError) as failed:
        await packhorse.list_rooms("127.0.0.1:9", timeout=0.5)

    assert failed.value.advice


async def list_with(count: int, relay: RelayServer) -> list[packhorse.ListedRoom]:
    """Return the list when it has so many rooms: the relay may still be on its way to know."""
    async with asyncio.timeout(10):
        while len(found := await packhorse.list_rooms(address_of(relay))) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return found


@pytest.mark.usefixtures("godot")
async def test_godot_lists_rooms_of_python_and_python_those_of_godot(relay: RelayServer) -> None:
    """ADM-10, ADM-11: more rooms than one page holds."""
    async with AsyncExitStack() as stack:
        member = stack.enter_context(GodotMember())
        member.do("create", relay=address_of(relay))
        created = await expect(member, "room_created")
        member.do("set_options", listed=True, metadata="from Godot")
        for _ in range(3):
            room = await stack.enter_async_context(packhorse.host(address_of(relay)))
            await room.set_options(listed=True, metadata=b"x" * 512)
        found = await list_with(4, relay)
        member.do("list", relay=address_of(relay))
        told = await expect(member, "rooms_listed")

    names = {room.code: room.metadata for room in found}
    assert names[RoomCode(str(created["code"]).replace("-", ""))] == b"from Godot"
    listed = {room["code"].replace("-", ""): room["metadata"].encode() for room in told["rooms"]}
    assert listed == names


def test_room_of_an_unmodified_game_is_listed_with_its_text() -> None:
    with RelayProcess() as relay, hosting(relay.address, 6942, "--public", "für uns") as host:
        done = run(middleman_process.packhorse("rooms", "--relay", relay.address), timeout=60)

    assert host.first["code"] in done.stdout
    assert "für uns" in done.stdout
