"""What the SDK does when something fails: within a bounded time, typed, with advice."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import packhorse
from packhorse import ErrorCode, Message, SessionClosedByError, TransactionTimeoutError
from packhorse.aio import connect
from packhorse.aio.legacy_room import legacy_room
from packhorse.aio.paths import Candidate, DatagramSocket, UdpPath
from packhorse.aio.udp import OnDatagram, SocketAddress
from packhorse.core.saved_session import SavedSession
from packhorse_relay.aio.server import RelayServer
from tests.support.gate import Gate
from tests.support.lossy_proxy import LossyProxy
from tests.support.relay_process import RelayProcess
from tests.support.relays import LOOPBACK, address_of, new_relay, quick_settings
from tests.support.waiting import DEADLINE, end_of, next_of, until

NOBODY = "relay.invalid"
SAVED = SavedSession(1, bytes(32), 1200, None).to_text()


@pytest.fixture
async def relay() -> AsyncIterator[RelayServer]:
    async with new_relay() as server:
        yield server


@pytest.fixture
def silent_address() -> Iterator[str]:
    """Return an address where datagrams arrive and nobody answers."""
    with silent_socket() as sock:
        yield f"{LOOPBACK}:{sock.getsockname()[1]}"


@contextmanager
def silent_socket(port: int = 0) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((LOOPBACK, port))
        yield sock


async def test_join_given_up_between_join_and_grant_leaves_no_ghost_behind() -> None:
    """The lease of such a member would be a minute."""
    async with (
        new_relay() as relay,
        packhorse.host(address_of(relay)) as room,
        LossyProxy(relay.port, loss=0.0, reorder=1.0, hold=0.2) as proxy,
    ):
        joining = asyncio.create_task(_join_and_stay(proxy.address, room.code))
        await until(lambda: relay.session_count == 2)  # GRANT is still under way
        joining.cancel()
        await asyncio.gather(joining, return_exceptions=True)

        await until(lambda: relay.session_count == 1)


class FirstAnswerOnly(UdpPath):
    """Over it, the relay's first answer comes; the rest only once another path has failed."""

    answered = asyncio.Event()
    failed = asyncio.Event()

    async def open(
        self, on_datagram: OnDatagram, on_reopened: Callable[[], None]
    ) -> DatagramSocket:
        """Open it."""
        sock: DatagramSocket

        def receive(data: bytes, source: SocketAddress) -> None:
            if not self.answered.is_set() or self.failed.is_set():
                on_datagram(data, source)
            self.answered.set()

        sock = await super().open(receive, on_reopened)
        return sock


class FailsAfterAnswer(UdpPath):
    """It cannot be opened, as turns out when the other path has been answered."""

    async def open(
        self,
        on_datagram: OnDatagram,  # noqa: ARG002 - as RelayPath has it
        on_reopened: Callable[[], None],  # noqa: ARG002
    ) -> DatagramSocket:
        """Fail."""
        await FirstAnswerOnly.answered.wait()
        asyncio.get_running_loop().call_soon(FirstAnswerOnly.failed.set)
        raise ConnectionResetError


async def test_path_that_fails_while_another_one_joins_does_no_harm(
    relay: RelayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = (LOOPBACK, relay.port)
    paths = [Candidate(FirstAnswerOnly(address), 0.0), Candidate(FailsAfterAnswer(address), 0.0)]
    monkeypatch.setattr(connect, "candidates", lambda *_: paths)

    async with packhorse.host(address_of(relay)) as room:
        assert room.is_host


async def _join_and_stay(relay: str, code: str) -> None:
    async with packhorse.join(relay, code):
        await asyncio.sleep(DEADLINE)


def open_sockets() -> int:
    """Return how many UDP sockets this process has."""
    gc.collect()
    return sum(
        isinstance(thing, socket.socket) and thing.fileno() >= 0 and thing.type is socket.SOCK_DGRAM
        for thing in gc.get_objects()
    )


# The relay ends, or is not the one that it was.


async def test_relay_that_stops_says_so() -> None:
    async with new_relay() as relay, packhorse.host(address_of(relay)) as room:
        await relay.__aexit__(None, None, None)
        error = await end_of(room)

    assert isinstance(error, SessionClosedByError)
    assert error.code is ErrorCode.DRAINING
    assert error.advice


async def test_relay_restarted_without_its_secret_ends_the_session_with_advice(
    tmp_path: Path,
) -> None:
    with RelayProcess("--state-dir", str(tmp_path / "1")) as first:
        async with packhorse.host(first.address) as room:
            first.kill()
            with RelayProcess("--state-dir", str(tmp_path / "2"), port=first.port):
                error = await end_of(room, within=10.0)

    assert isinstance(error, SessionClosedByError)
    assert error.code is ErrorCode.SESSION_UNKNOWN
    assert "join again" in error.advice


async def test_relay_that_is_gone_ends_the_session_after_its_time() -> None:
    async with (
        new_relay(settings=quick_settings()) as relay,
        Gate((LOOPBACK, relay.port)) as gate,
        packhorse.host(gate.address) as room,
    ):
        gate.is_open = False
        await next_of(room, packhorse.SessionLost)
        error = await end_of(room)

    assert isinstance(error, SessionClosedByError)
    assert error.code is ErrorCode.LEASE_EXPIRED
    assert error.advice


async def test_sending_after_the_end_raises_what_ended_the_session() -> None:
    async with new_relay() as relay, packhorse.host(address_of(relay)) as room:
        await relay.__aexit__(None, None, None)
        await end_of(room)

        with pytest.raises(SessionClosedByError):
            await room.send(b"anybody?")
        with pytest.raises(SessionClosedByError):
            await room.kick(2)


# The room or the relay cannot be had.


async def test_wrong_code_is_denied_with_advice(relay: RelayServer) -> None:
    with pytest.raises(packhorse.JoinDeniedError) as denied:
        async with packhorse.join(address_of(relay), "0000-0000"):
            pass

    assert denied.value.stage == "joining the room"
    assert "compare code" in denied.value.advice


@pytest.mark.parametrize("code", ["", "K7QM", "K7QM-2XP!", "K7QM-2XPA-9"])
async def test_malformed_code_needs_no_relay(code: str) -> None:
    with pytest.raises(packhorse.ConfigurationError):
        async with packhorse.join("relay.invalid", code):
            pass


async def test_relay_that_never_answers_is_given_up_at_the_deadline(silent_address: str) -> None:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    with pytest.raises(TransactionTimeoutError) as timed_out:
        async with packhorse.host(silent_address, timeout=0.2):
            pass

    assert loop.time() - begin < 2.0
    assert timed_out.value.stage == f"reaching the relay ({silent_address})"
    assert "firewall" in timed_out.value.advice


@pytest.mark.parametrize("name", ["nowhere.invalid", "no..where", "x" * 64])
async def test_name_that_means_nothing_is_told_at_once(name: str) -> None:
    with pytest.raises(packhorse.ConnectivityError) as failed:
        async with packhorse.host(name):
            pass

    assert failed.value.stage == "resolving the relay's name"
    assert failed.value.attempts
    assert "spelling" in failed.value.advice


@pytest.mark.parametrize("seconds", [0.0, -1.0, 601.0, float("nan")])
@pytest.mark.parametrize(
    "begin",
    [
        lambda timeout: packhorse.host(NOBODY, timeout=timeout).__aenter__(),
        lambda timeout: packhorse.join(NOBODY, "K7QM-2XPA", timeout=timeout).__aenter__(),
        lambda timeout: packhorse.resume(NOBODY, SAVED, timeout=timeout).__aenter__(),
        lambda timeout: packhorse.list_rooms(NOBODY, timeout=timeout),
        lambda timeout: packhorse.open_pipe(f"K7QM-2XPA@{NOBODY}", timeout=timeout),
        lambda timeout: legacy_room(NOBODY, 2, timeout=timeout).__aenter__(),
    ],
    ids=["host", "join", "resume", "list_rooms", "open_pipe", "legacy_room"],
)
async def test_timeout_outside_its_range_is_refused(
    begin: Callable[[float], Awaitable[object]], seconds: float
) -> None:
    with pytest.raises(packhorse.ConfigurationError, match="timeout"):
        await begin(seconds)


# Cancelling and closing.


async def test_cancelling_while_joining_ends_at_once_and_leaves_no_socket() -> None:
    async def enter(address: str) -> None:
        async with packhorse.host(address):
            pass

    with silent_socket() as sock:
        sock.settimeout(0)
        before = open_sockets()
        joining = asyncio.create_task(enter(f"{LOOPBACK}:{sock.getsockname()[1]}"))
        await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 2048), DEADLINE)
        assert open_sockets() == before + 1
        joining.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(joining, 1.0)

        assert open_sockets() == before


async def test_cancelling_just_after_the_relay_let_us_in_leaves_no_ghost(
    relay: RelayServer,
) -> None:
    async def enter() -> None:
        async with packhorse.host(address_of(relay)):
            await asyncio.Event().wait()

    joining = asyncio.create_task(enter())
    while relay.session_count == 0:  # noqa: ASYNC110 - look after each turn of the loop
        await asyncio.sleep(0)
    joining.cancel()
    await asyncio.wait([joining])

    await until(lambda: relay.session_count == 0)


async def test_cancelling_in_the_body_leaves_the_room(relay: RelayServer) -> None:
    entered = asyncio.Event()

    async def stay() -> None:
        async with packhorse.host(address_of(relay)) as room:
            entered.set()
            async for _ in room:
                pass

    staying = asyncio.create_task(stay())
    await asyncio.wait_for(entered.wait(), DEADLINE)
    staying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await staying

    assert relay.room_count == 0


async def test_cancelled_reading_loses_no_event(relay: RelayServer) -> None:
    async with (
        packhorse.host(address_of(relay)) as host,
        packhorse.join(address_of(relay), host.code) as guest,
    ):
        got: list[bytes] = []
        for number in range(200):
            await guest.send(number.to_bytes(1), to=packhorse.HOST)
            try:
                async with asyncio.timeout(0):
                    async for event in host:
                        got += [event.data] if isinstance(event, Message) else []
            except TimeoutError:
                pass
        while len(got) < 200:
            got.append((await next_of(host, Message)).data)

        assert got == [number.to_bytes(1) for number in range(200)]


async def test_cancelled_kick_is_forgotten(relay: RelayServer) -> None:
    async with (
        Gate((LOOPBACK, relay.port)) as gate,
        packhorse.host(gate.address) as host,
        packhorse.join(address_of(relay), host.code) as guest,
    ):
        gate.is_open = False
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(host.kick(guest.peer_id), 0.05)
        gate.is_open = True

        await end_of(guest)  # the request was sent; its answer finds nobody and harms nobody
        await until(lambda: not host.peers)


async def test_cancelled_leaving_closes_the_room_all_the_same(relay: RelayServer) -> None:
    async with Gate((LOOPBACK, relay.port)) as gate:
        before = open_sockets()
        async with packhorse.host(gate.address) as room:
            gate.is_open = False
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(room.aclose(), 0.05)

            assert room.is_closed
            assert open_sockets() == before + 1  # the gate's own


@pytest.mark.quiet
async def test_leaving_a_dead_relay_takes_no_longer_than_a_second(relay: RelayServer) -> None:
    loop = asyncio.get_running_loop()
    async with Gate((LOOPBACK, relay.port)) as gate, packhorse.host(gate.address) as room:
        gate.is_open = False
        begin = loop.time()
        await room.aclose()

    assert 0.9 < loop.time() - begin < 2.0


async def test_closing_again_is_harmless(relay: RelayServer) -> None:
    async with packhorse.host(address_of(relay)) as room:
        await asyncio.gather(room.aclose(), room.aclose())
        await room.aclose()

        assert room.is_closed
        assert [event async for event in room] == []
        with pytest.raises(packhorse.SessionClosedOK):
            await room.send(b"too late")


@pytest.mark.parametrize("error", [ZeroDivisionError("mine"), packhorse.SessionClosedOK()])
async def test_error_of_the_body_comes_out_unchanged(relay: RelayServer, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        async with packhorse.host(address_of(relay)):
            raise error

    assert caught.value is error
    assert caught.value.__cause__ is None
    await until(lambda: relay.room_count == 0)
