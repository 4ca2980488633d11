"""Pipes to members of a room, beside what the application does there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

import packhorse
from packhorse.core.events import PeerId, PeerPathChanged
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import Mode
from tests.support.relay_process import RelayProcess
from tests.support.relays import address_of, new_relay
from tests.support.waiting import next_of, until

pytestmark = pytest.mark.e2e

SOON = 5.0  # seconds; a slow machine
RELAY_ONLY = [packhorse.Strategy.RELAY]
DIRECT_ONLY = [packhorse.Strategy.DIRECT, packhorse.Strategy.PUNCH]


@pytest.fixture
async def relay() -> AsyncIterator[str]:
    async with new_relay() as server:
        yield address_of(server)


@asynccontextmanager
async def room_of_two(relay: str) -> AsyncIterator[tuple[packhorse.Room, packhorse.Room]]:
    async with packhorse.host(relay) as host, packhorse.join(relay, host.code) as guest:
        await next_of(host, packhorse.PeerJoined)
        yield host, guest


async def test_pipe_and_application_do_not_disturb_each_other(relay: str) -> None:
    async with room_of_two(relay) as (host, guest):
        async with host.pipe(2) as near, guest.pipe(1) as far:
            for number in range(50):
                await near.send(b"pipe %d" % number)
                await host.send(b"room %d" % number, to=2, mode=Mode.RELIABLE)
                await host.send(b"same channel", to=2, mode=Mode.RELIABLE_UNORDERED, channel=255)

            assert [await far.recv(SOON) for _ in range(50)] == [b"pipe %d" % n for n in range(50)]
            rest = [await next_of(guest, packhorse.Message) for _ in range(100)]
        ordered = [each.data for each in rest if each.channel == 0]
        assert ordered == [b"room %d" % number for number in range(50)]


async def test_what_came_before_the_pipe_was_opened_goes_into_it(relay: str) -> None:
    async with room_of_two(relay) as (host, guest), host.pipe(2) as near:
        await near.send(b"early")
        await near.flush()
        async with guest.pipe(1) as far:
            assert await far.recv(SOON) == b"early"


async def test_closed_pipe_gives_its_messages_back_to_the_application(relay: str) -> None:
    async with room_of_two(relay) as (host, guest):
        async with guest.pipe(1):
            pass
        await host.send(b"again", to=2, mode=Mode.RELIABLE, channel=255)

        assert (await next_of(guest, packhorse.Message)).data == b"again"


async def test_second_pipe_of_the_same_kind_is_refused(relay: str) -> None:
    async with room_of_two(relay) as (host, _guest), host.pipe(2):
        with pytest.raises(packhorse.LocalProtocolError, match="has a pipe"):
            host.pipe(2)
        with pytest.raises(packhorse.LocalProtocolError, match="not in the room"):
            host.pipe(7)
        with pytest.raises(packhorse.LocalProtocolError, match="channel"):
            host.pipe(2, channel=256)
        async with host.pipe(2, channel=3), host.pipe(2, mode=Mode.UNRELIABLE):
            pass


async def test_peer_that_leaves_ends_the_pipe_normally(relay: str) -> None:
    async with packhorse.host(relay) as host:
        async with packhorse.join(relay, host.code) as guest:
            await next_of(host, packhorse.PeerJoined)
            pipe = host.pipe(2)
            far = guest.pipe(1)
        error = await asyncio.wait_for(pipe.wait_closed(), SOON)

        assert type(error) is packhorse.PipeClosedError
        assert far.is_closed
        with pytest.raises(packhorse.PipeClosedError):
            await pipe.send(b"to nobody")


async def test_path_change_is_told_and_shown(relay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with room_of_two(relay) as (host, _guest), host.pipe(2) as pipe:
        told: list[packhorse.PipePath] = []
        pipe.on_path_change(told.append)
        address = TransportAddress("192.0.2.7", 4000)
        monkeypatch.setattr(host, "peer_path", lambda _peer: address)

        host.taps.take(PeerPathChanged(PeerId(2), address))

        await until(lambda: told)
        assert (told[0].kind, told[0].remote) == (packhorse.PathKind.DIRECT, address)


async def test_direct_only_pipe_ends_with_its_direct_path(relay: str) -> None:
    async with room_of_two(relay) as (host, _guest), host.pipe(2) as pipe:
        pipe.is_direct_only = True

        host.taps.take(PeerPathChanged(PeerId(2), None))

        assert type(await pipe.wait_closed()) is packhorse.PipeLostError


async def test_listener_in_a_room_gives_a_pipe_to_each_who_opens_one(relay: str) -> None:
    async with packhorse.listen_pipes(f"relay://{relay}", password="pw") as listener:  # noqa: S106
        for text in (b"first", b"second"):
            near = await packhorse.open_pipe(listener.address, password="pw")  # noqa: S106
            far = await listener.accept(SOON)
            await near.send(text)
            assert await far.recv(SOON) == text
            await near.aclose()
            assert [message async for message in far] == []


async def test_invite_may_leave_the_relay_to_an_argument(relay: str) -> None:
    async with packhorse.listen_pipes(f"relay://{relay}", relay_only=True) as listener:
        code = listener.address.partition("@")[0]
        async with await packhorse.open_pipe(code, relay=relay, strategies=RELAY_ONLY) as near:
            assert near.path.kind is packhorse.PathKind.RELAY


async def test_direct_only_is_a_typed_error_where_no_direct_path_is_found(relay: str) -> None:
    async with packhorse.listen_pipes(f"relay://{relay}") as listener:
        with pytest.raises(packhorse.ConnectivityError) as caught:
            await packhorse.open_pipe(listener.address, strategies=DIRECT_ONLY, timeout=0.5)

    assert caught.value.attempts == ("no direct path within 0.5 s",)
    assert "RELAY" in caught.value.advice


async def test_end_of_the_relay_is_told_to_pipe_and_listener() -> None:
    with RelayProcess() as process:
        async with packhorse.listen_pipes(f"relay://{process.address}") as listener:
            near = await packhorse.open_pipe(listener.address)
            await listener.accept(SOON)
            process.stop()

            error = await asyncio.wait_for(near.wait_closed(), 20)
            assert type(error) is packhorse.PipeLostError
            await near.aclose()
