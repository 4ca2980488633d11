"""Passwords and locks of rooms, with Python and Godot members and the command line."""

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

import packhorse
from packhorse.cli.main import main
from packhorse_relay.aio.server import RelayServer
from tests.support.godot_member import GodotMember
from tests.support.relays import address_of, new_relay
from tests.support.waiting import next_of

PASSWORD: Final = "open sesame ü"  # noqa: S105
_TIMEOUT: Final = 30.0  # seconds; the key of a password on a busy machine


@pytest.fixture
async def relay() -> AsyncIterator[RelayServer]:
    async with new_relay() as server:
        yield server


async def denied(
    relay: RelayServer, code: str, password: str | None = None, name: str = ""
) -> bool:
    """Tell whether a JOIN is refused."""
    try:
        async with packhorse.join(address_of(relay), code, password=password, name=name):
            return False
    except packhorse.JoinDeniedError:
        return True


async def test_password_opens_the_room_and_nothing_else_does(relay: RelayServer) -> None:
    """ADM-5."""
    async with packhorse.host(address_of(relay), password=PASSWORD) as room:
        assert await denied(relay, room.code)
        assert await denied(relay, room.code, "open sesame")
        assert not await denied(relay, room.code, PASSWORD)


async def test_host_locks_the_room_and_changes_the_password(relay: RelayServer) -> None:
    """ADM-5, ADM-7."""
    async with packhorse.host(address_of(relay)) as room:
        await room.set_options(locked=True)
        assert await denied(relay, room.code)
        await room.set_options(locked=False, password=PASSWORD)
        assert await denied(relay, room.code)
        await room.set_options(password="")
        assert not await denied(relay, room.code, "whatever")


async def test_guest_cannot_change_the_room(relay: RelayServer) -> None:
    """ADM-7."""
    async with (
        packhorse.host(address_of(relay)) as room,
        packhorse.join(address_of(relay), room.code) as guest,
    ):
        with pytest.raises(packhorse.RelayRefusedError) as refused:
            await guest.set_options(locked=True)
        assert refused.value.code is packhorse.ErrorCode.NOT_ALLOWED
        with pytest.raises(packhorse.RelayRefusedError):
            await room.set_options(topology=packhorse.Topology.STAR)


async def test_host_changes_the_topology_while_alone(relay: RelayServer) -> None:
    async with packhorse.host(address_of(relay)) as room:
        await room.set_options(topology=packhorse.Topology.STAR)
        async with packhorse.join(address_of(relay), room.code) as guest:
            assert (room.topology, guest.topology) == (packhorse.Topology.STAR,) * 2


async def test_host_decides_who_joins(relay: RelayServer) -> None:
    """ADM-8, ADM-9: by events."""
    async with packhorse.host(address_of(relay), approve=True) as room:

        async def decide() -> None:
            for is_welcome in (False, True):
                event = await next_of(room, packhorse.JoinRequested)
                assert event.name == "Ann"
                await (room.admit if is_welcome else room.refuse)(event.request)

        deciding = asyncio.create_task(decide())
        with pytest.raises(packhorse.JoinDeniedError):
            async with packhorse.join(address_of(relay), room.code, name="Ann"):
                pass
        async with packhorse.join(address_of(relay), room.code, name="Ann") as guest:
            assert guest.peer_id == 2
        await deciding
        with pytest.raises(packhorse.RelayRefusedError) as refused:
            await room.admit(99)
        assert refused.value.code is packhorse.ErrorCode.REQUEST_UNKNOWN


async def test_function_decides_who_joins(relay: RelayServer) -> None:
    async def approve(event: packhorse.JoinRequested) -> bool:
        if event.name == "Mallory":
            raise ValueError(event.name)
        return event.name == "Ann"

    async with packhorse.host(address_of(relay), approve=approve) as room:
        for name, is_welcome in (("Bob", False), ("Ann", True), ("Mallory", False)):
            assert await denied(relay, room.code, name=name) is not is_welcome


@pytest.mark.parametrize("peers", [1, 1025])
async def test_size_out_of_range_is_refused_locally(relay: RelayServer, peers: int) -> None:
    async with packhorse.host(address_of(relay)) as room:
        with pytest.raises(packhorse.LocalProtocolError):
            await room.set_options(max_peers=peers)


async def test_event_loop_goes_on_while_the_key_is_made(relay: RelayServer) -> None:
    """The key is slow by design: it is made on a thread."""
    gaps: list[float] = []

    async def tick() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            gaps.append(time.perf_counter() - before)

    ticking = asyncio.create_task(tick())
    async with packhorse.host(address_of(relay), password=PASSWORD):
        ticking.cancel()

    assert len(gaps) > 3


def test_empty_password_file_is_refused_with_advice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "password"
    path.write_text("\n")
    options = ["--relay", "127.0.0.1:1", "--udp", "1", "--password-file", str(path)]

    assert main(["host", *options]) == 1
    assert "the password is empty" in capsys.readouterr().err


@pytest.mark.usefixtures("godot")
async def test_godot_and_python_agree_about_passwords(relay: RelayServer) -> None:
    """ADM-4, ADM-5: in both roles; then Godot's host locks its room."""
    with GodotMember() as member:
        member.do("create", relay=address_of(relay), password=PASSWORD)
        created = await asyncio.to_thread(partial(member.expect, "room_created", timeout=_TIMEOUT))
        code = str(created["code"])
        assert await denied(relay, code)
        assert not await denied(relay, code, PASSWORD)
        member.do("set_options", locked=True, password=PASSWORD)
        await asyncio.to_thread(partial(member.expect, "set_options", result="OK"))
        async with asyncio.timeout(_TIMEOUT):
            while not await denied(relay, code, PASSWORD):  # it is the relay that decides when
                pass

        async with packhorse.host(address_of(relay), password=PASSWORD) as room:
            join = partial(member.do, "join", relay=address_of(relay), code=room.code)
            join(password=PASSWORD + "!")
            refused = partial(member.expect, "connection_error", timeout=_TIMEOUT)
            assert (await asyncio.to_thread(refused))["name"] == "JOIN_DENIED"
            join(password=PASSWORD)
            entered = partial(member.expect, "stage_changed", stage="CONNECTED", timeout=_TIMEOUT)
            await asyncio.to_thread(entered)
