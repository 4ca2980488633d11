"""The pipe as applications use it, over each thing that can carry it."""

import asyncio
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import packhorse
from packhorse.pipes.drops import PipeDrop
from packhorse.wire.constants import Mode
from tests.support.certificate import make_certificate
from tests.support.pipes import open_to, pipe_pair
from tests.support.rebinding_proxy import RebindingProxy
from tests.support.relays import address_of, new_relay
from tests.support.waiting import until

pytestmark = pytest.mark.e2e

SOON = 5.0  # seconds; a slow machine
LOCAL = ["udp://127.0.0.1:0", "udp://[::1]:0", "tcp://127.0.0.1:0", "tcp://[::1]:0"]

Pair = tuple[packhorse.Pipe, packhorse.Pipe]


@pytest.fixture
async def relay() -> AsyncIterator[str]:
    async with new_relay() as server:
        yield address_of(server)


@pytest.fixture(params=[*LOCAL, "relay"])
async def pair(request: pytest.FixtureRequest, relay: str) -> AsyncIterator[Pair]:
    where = f"relay://{relay}" if request.param == "relay" else request.param
    async with pipe_pair(where) as pipes:
        yield pipes


@pytest.fixture
async def udp_pair() -> AsyncIterator[Pair]:
    async with pipe_pair(LOCAL[0]) as pipes:
        yield pipes


# Awaiting.


async def test_messages_arrive_whole_and_in_order_both_ways(pair: Pair) -> None:
    near, far = pair
    texts = [b"", b"x" * 100_000, *[b"%d" % number for number in range(500)], b"same", b"same"]
    for text in texts:
        await near.send(text)
        await far.send(text)

    assert [await far.recv(SOON) for _ in texts] == texts
    assert [await near.recv(SOON) for _ in texts] == texts
    await near.flush()


async def test_nothing_in_time_is_a_typed_error_and_the_pipe_goes_on(pair: Pair) -> None:
    near, far = pair
    with pytest.raises(packhorse.PipeTimeoutError) as caught:
        await far.recv(0.05)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.elapsed == 0.05

    await near.send(b"late")
    assert await far.recv(SOON) == b"late"


async def test_iteration_ends_when_the_other_end_closes_and_all_is_read(pair: Pair) -> None:
    near, far = pair
    for number in range(10):
        await near.send(b"%d" % number)
    await near.flush()
    await near.aclose()
    await near.aclose()

    assert [message async for message in far] == [b"%d" % number for number in range(10)]
    assert far.is_closed
    with pytest.raises(packhorse.PipeClosedError):
        await far.recv(1.0)
    with pytest.raises(packhorse.PipeClosedError):
        await far.send(b"to nobody")


@pytest.mark.parametrize("where", ["udp://127.0.0.1:0", "tcp://127.0.0.1:0"])
async def test_sender_waits_while_nobody_reads_at_the_other_end(where: str) -> None:
    count, sent = 400, 0  # 25 MiB: more than kernels and windows hold

    async with pipe_pair(where) as (near, far):

        async def send_much() -> None:
            nonlocal sent
            for number in range(count):
                await near.send(number.to_bytes(4, "big") + bytes(65_532))
                sent += 1

        sender = asyncio.create_task(send_much())
        await until(lambda: sent > 0)
        await asyncio.sleep(0.5)
        assert sent < count

        for number in range(count):
            assert int.from_bytes((await far.recv(SOON))[:4], "big") == number
        await sender


async def test_path_says_how_the_ends_reach_each_other(pair: Pair) -> None:
    near, far = pair
    await near.send(b"there")
    await far.recv(SOON)
    await near.flush()

    assert near.path.kind is far.path.kind
    assert near.path.remote is not None
    assert near.path.rtt is not None
    assert 0 <= near.path.rtt < 5


# Functions.


async def test_sync_and_async_functions_get_each_message_in_order(pair: Pair) -> None:
    near, far = pair
    plain: list[bytes] = []
    slow: list[bytes] = []

    async def take_slowly(message: bytes) -> None:
        await asyncio.sleep(0)
        slow.append(message)

    far.on_message(plain.append)
    far.on_message(take_slowly)
    wanted = [b"%d" % number for number in range(100)]
    for text in wanted:
        await near.send(text)
    await until(lambda: len(slow) == 100)

    assert plain == slow == wanted


async def test_functions_and_reading_may_be_mixed(udp_pair: Pair) -> None:
    near, far = udp_pair
    seen: list[bytes] = []
    remove = far.on_message(seen.append)
    with pytest.raises(packhorse.PipeTimeoutError):
        await far.recv(0.0)  # from here on messages are kept for reading as well
    await near.send(b"one")

    assert await far.recv(SOON) == b"one"
    remove()
    await near.send(b"two")
    assert await far.recv(SOON) == b"two"
    assert seen == [b"one"]


async def test_messages_that_wait_already_go_to_a_new_function(udp_pair: Pair) -> None:
    near, far = udp_pair
    await near.send(b"early")
    await near.flush()
    seen: list[bytes] = []

    far.on_message(seen.append)

    await until(lambda: seen == [b"early"])


async def test_failing_function_is_counted_and_the_others_go_on(
    udp_pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    near, far = udp_pair
    seen: list[bytes] = []
    far.on_message(int)
    far.on_message(seen.append)
    await near.send(b"no number")
    await near.send(b"1")

    await until(lambda: seen == [b"no number", b"1"])
    assert far.drops == {PipeDrop.HANDLER_FAILED: 1}
    assert "ValueError" in caplog.text


async def test_closing_is_told_also_on_a_pipe_that_is_closed_already(pair: Pair) -> None:
    near, far = pair
    told: list[packhorse.PipeClosedError] = []

    async def note(error: packhorse.PipeClosedError) -> None:
        told.append(error)

    far.on_close(told.append)
    await near.aclose()
    await until(lambda: told)
    far.on_close(told.append)
    far.on_close(note)
    await until(lambda: len(told) == 3)

    assert {type(error) for error in told} == {packhorse.PipeClosedError}


async def test_subscription_takes_what_matches_out_of_the_rest(udp_pair: Pair) -> None:
    near, far = udp_pair
    handled: list[bytes] = []
    moves = far.subscribe(rb"^move ")
    far.subscribe(rb"^chat ", handled.append)
    for text in (b"move 1", b"chat hello", b"other", b"move 2"):
        await near.send(text)

    assert [await moves.recv(SOON), await moves.recv(SOON)] == [b"move 1", b"move 2"]
    assert await far.recv(SOON) == b"other"
    assert handled == [b"chat hello"]
    moves.cancel()
    await near.send(b"move 3")
    assert await far.recv(SOON) == b"move 3"
    with pytest.raises(packhorse.PipeClosedError):
        await moves.recv(SOON)


async def test_subscription_ends_with_the_pipe(udp_pair: Pair) -> None:
    near, far = udp_pair
    moves = far.subscribe(rb"^move ")
    await near.send(b"move 1")
    await near.flush()
    await near.aclose()

    assert [message async for message in moves] == [b"move 1"]


@pytest.mark.parametrize("other", ["tcp://127.0.0.1:0", "relay"])
async def test_linked_pipes_carry_messages_through_both_ways(
    udp_pair: Pair, relay: str, other: str
) -> None:
    near, middle = udp_pair
    where = f"relay://{relay}" if other == "relay" else other
    async with pipe_pair(where) as (middle_too, far):
        unlink = middle.link(middle_too)
        for number in range(200):
            await near.send(b"%d" % number)
            await far.send(b"%d" % number)

        wanted = [b"%d" % number for number in range(200)]
        assert [await far.recv(SOON) for _ in wanted] == wanted
        assert [await near.recv(SOON) for _ in wanted] == wanted
        unlink()
        await near.send(b"stays")
        assert await middle.recv(SOON) == b"stays"


async def test_link_to_a_closed_pipe_counts_what_is_lost(udp_pair: Pair) -> None:
    near, middle = udp_pair
    async with pipe_pair("tcp://127.0.0.1:0") as (closed, _far):
        middle.link(closed)
        await closed.aclose()
        await near.send(b"lost")

        await until(lambda: middle.drops == {PipeDrop.LINK_CLOSED: 1})


# Modes.


@pytest.mark.parametrize("mode", [Mode.UNRELIABLE, Mode.UNRELIABLE_ORDERED, None])
async def test_unreliable_messages_over_udp(mode: Mode | None) -> None:
    async with pipe_pair(LOCAL[0], mode=mode) as (near, far):
        await near.send(b"there")
        assert await far.recv(SOON) == b"there"
        await far.send(b"back")
        assert await near.recv(SOON) == b"back"


async def test_unreliable_messages_that_nobody_reads_are_dropped_and_counted() -> None:
    async with pipe_pair(LOCAL[0], mode=None) as (near, far):
        for _ in range(50):
            for _ in range(100):
                await near.send(b"x")
            await asyncio.sleep(0.005)

        await until(lambda: far.drops[PipeDrop.INBOX_FULL] > 0)


async def test_stream_over_tcp_has_the_bytes_as_they_are() -> None:
    async with pipe_pair("tcp://127.0.0.1:0", mode=None) as (near, far):
        await near.send(b"GET / ")
        await near.send(b"HTTP/1.1")
        received = b""
        while len(received) < 14:
            received += await far.recv(SOON)

        assert received == b"GET / HTTP/1.1"


async def test_tls_pipe_checks_the_certificate(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, name="pipe")
    own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=certificate)
    async with packhorse.listen_pipes("tls://127.0.0.1:0", tls=own) as listener:
        near, far = await open_to(listener, tls=trusting)
        await near.send(b"secret")
        assert await far.recv(SOON) == b"secret"
        await near.aclose()

        with pytest.raises(packhorse.ConnectivityError, match="CERTIFICATE_VERIFY_FAILED"):
            await packhorse.open_pipe(listener.address)


async def test_reliable_pipe_survives_the_rebinding_of_a_nat() -> None:
    async with packhorse.listen_pipes(LOCAL[0]) as listener:
        port = int(listener.address.rpartition(":")[2])
        with RebindingProxy(port) as nat:
            near = await packhorse.open_pipe(f"udp://{nat.address}")
            far = await listener.accept(SOON)
            changes: list[packhorse.PipePath] = []
            far.on_path_change(changes.append)
            nat.rebind()
            for number in range(100):
                await near.send(b"%d" % number)

            assert [await far.recv(SOON) for _ in range(100)] == [b"%d" % n for n in range(100)]
            await far.send(b"back")
            assert await near.recv(SOON) == b"back"
            assert [change.kind for change in changes] == [packhorse.PathKind.DIRECT]
            await near.aclose()


# Failures.


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
async def test_nobody_there_is_a_typed_error_with_advice(scheme: str) -> None:
    with pytest.raises(packhorse.ConnectivityError) as caught:
        await packhorse.open_pipe(f"{scheme}://127.0.0.1:9", timeout=0.3)

    assert caught.value.attempts[0].startswith(f"{scheme} 127.0.0.1 port 9: ")
    assert "listens" in caught.value.advice


async def test_port_that_is_taken_is_a_typed_error() -> None:
    async with packhorse.listen_pipes("tcp://127.0.0.1:0") as listener:
        with pytest.raises(packhorse.ConnectivityError, match="listening"):
            async with packhorse.listen_pipes(listener.address):
                pass


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("http://127.0.0.1:9", {}),
        ("udp://127.0.0.1", {}),
        ("tcp://127.0.0.1:9", {"mode": Mode.UNRELIABLE}),
        ("udp://127.0.0.1:9", {"strategies": [packhorse.Strategy.RELAY]}),
        ("udp://127.0.0.1:9", {"strategies": []}),
        ("ABCD-EFGH@127.0.0.1", {"mode": None}),
        ("ABCD-EFGH@127.0.0.1", {"bind": "127.0.0.1"}),
        ("udp://127.0.0.1:9", {"timeout": 0.01}),
        ("udp://127.0.0.1:9", {"birthday": True}),
    ],
)
async def test_contradicting_arguments_are_refused(target: str, options: dict[str, Any]) -> None:
    with pytest.raises(packhorse.ConfigurationError):
        await packhorse.open_pipe(target, **options)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_name_with_two_addresses_is_reached_at_the_one_that_answers(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with packhorse.listen_pipes(f"udp://{host}:0") as listener:
        port = int(listener.address.rpartition(":")[2])

        async def resolve(*_arguments: object, **_options: object) -> list[Any]:
            families = {socket.AF_INET6: "::1", socket.AF_INET: "127.0.0.1"}
            return [(family, 0, 0, "", (each, port)) for family, each in families.items()]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        async with await packhorse.open_pipe(f"udp://two.example:{port}", timeout=1.0) as near:
            assert str(near.path.remote) == f"{host}:{port}"


@pytest.mark.skipif(sys.platform != "linux", reason="needs all of 127.0.0.0/8")
@pytest.mark.parametrize("scheme", ["udp", "tcp"])
async def test_pipe_speaks_from_the_address_that_is_chosen(scheme: str) -> None:
    async with pipe_pair(f"{scheme}://127.0.0.1:0", bind="127.0.0.2") as (near, far):
        assert near.path.local is not None
        assert near.path.local == far.path.remote
        assert near.path.local.host == "127.0.0.2"


async def test_address_of_another_family_than_the_chosen_one_is_told() -> None:
    with pytest.raises(packhorse.ConnectivityError, match="has no address of the family"):
        await packhorse.open_pipe("udp://127.0.0.1:9", bind="::1")


async def test_message_over_the_limit_is_refused(udp_pair: Pair) -> None:
    with pytest.raises(packhorse.LocalProtocolError, match="16777216"):
        await udp_pair[0].send(bytes(16 * 1024 * 1024 + 1))
