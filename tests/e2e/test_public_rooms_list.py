"""Public rooms of a real relay, by the SDK and by the command."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

import packhorse
from packhorse.cli.main import main
from packhorse_relay.aio.server import RelayServer
from tests.support.relays import address_of, new_relay


@pytest.fixture
async def relay() -> AsyncIterator[RelayServer]:
    async with new_relay() as server:
        yield server


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


async def test_attack_control_characters_of_metadata_do_not_reach_the_terminal(
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
