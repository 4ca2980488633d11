"""Pipes through a real TURN server."""

import asyncio
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import packhorse
from packhorse.pipes.paths import PathKind
from packhorse.turn.allocation import Allocation
from packhorse.turn.client import TurnDrop
from packhorse.turn.events import AllocationLost, AllocationRenewed, TurnEvent
from packhorse.turn.servers import Carried
from tests.support.coturn import PASSWORD, USER, Coturn
from tests.support.lossy_proxy import LossyProxy
from tests.support.processes import run
from tests.support.rebinding_proxy import RebindingProxy
from tests.support.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

SOON = 5.0  # seconds; a slow machine


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    with Coturn(tmp_path_factory.mktemp("coturn")) as coturn:
        yield coturn


def nonce_of(allocation: Allocation) -> bytes | None:
    assert allocation._granted is not None
    return allocation._granted.client.nonce


@asynccontextmanager
async def two(
    first: str, second: str, **options: Any
) -> AsyncIterator[tuple[Allocation, Allocation]]:
    """Allocate twice."""
    async with (
        packhorse.turn.allocate(first, USER, PASSWORD, **options) as one,
        packhorse.turn.allocate(second, USER, PASSWORD, **options) as other,
    ):
        yield one, other


async def joined(
    one: Allocation, other: Allocation, **options: Any
) -> tuple[packhorse.Pipe, packhorse.Pipe]:
    """Open a pipe from both ends."""
    return await asyncio.gather(
        one.pipe(other.relayed_address, **options), other.pipe(one.relayed_address, **options)
    )


async def round_trips(one: packhorse.Pipe, other: packhorse.Pipe, count: int) -> None:
    for number in range(count):
        await one.send(b"%d" % number)
        assert await other.recv(SOON) == b"%d" % number
        await other.send(b"%d back" % number)
        assert await one.recv(SOON) == b"%d back" % number


def tls_for(server: Coturn) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.certificate)


# Allocating.


@pytest.mark.parametrize("family", [None, 4, 6])
@pytest.mark.parametrize("carried", list(Carried))
async def test_messages_pass_over_every_transport_and_family(
    server: Coturn, carried: Carried, family: int | None
) -> None:
    address: str = getattr(server, carried.value)

    async with two(address, address, family=family, tls=tls_for(server)) as (one, other):
        near, far = await joined(one, other)
        await round_trips(near, far, 200)

        assert (":" in one.relayed_address.host) == (family == 6)
        assert one.server.carried is carried
        assert near.path[:3] == (PathKind.TURN, one.relayed_address, other.relayed_address)
        assert near.path.rtt is not None
        assert one.drops + other.drops == {}


@pytest.mark.parametrize("carried", list(Carried))
async def test_connection_to_the_server_has_ended_when_the_allocation_is_left(
    server: Coturn, carried: Carried
) -> None:
    address: str = getattr(server, carried.value)
    async with packhorse.turn.allocate(address, USER, PASSWORD, tls=tls_for(server)) as allocation:
        assert allocation._granted is not None
        lost = allocation._granted.client.lost
        assert not lost.done()

    assert lost.done()


async def test_wrong_password_is_told_with_stage_and_advice(server: Coturn) -> None:
    with pytest.raises(packhorse.TurnError) as caught:
        async with packhorse.turn.allocate(server.udp, USER, "wrong"):
            pass

    assert (caught.value.code, caught.value.stage) == (401, "allocating")
    assert "password" in caught.value.advice


async def test_second_allocation_over_the_quota_is_told(tmp_path: Path) -> None:
    with Coturn(tmp_path, "--user-quota=1") as server:
        async with packhorse.turn.allocate(server.udp, USER, PASSWORD):
            with pytest.raises(packhorse.TurnError) as caught:
                async with packhorse.turn.allocate(server.udp, USER, PASSWORD):
                    pass

    assert caught.value.code == 486
    assert "too many allocations" in caught.value.advice


async def test_peer_of_the_other_family_is_told(server: Coturn) -> None:
    async with packhorse.turn.allocate(server.udp, USER, PASSWORD, family=4) as allocation:
        with pytest.raises(packhorse.TurnError) as caught:
            await allocation.pipe(("::1", 4000))

    assert caught.value.code == 443
    assert "family=6" in caught.value.advice


async def test_certificate_that_nobody_vouches_for_is_refused(server: Coturn) -> None:
    with pytest.raises(packhorse.ConnectivityError, match="CERTIFICATE_VERIFY_FAILED"):
        async with packhorse.turn.allocate(server.tls, USER, PASSWORD):
            pass


async def test_no_server_is_told_with_every_way_that_was_tried() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(packhorse.ConnectivityError) as caught:
            async with packhorse.turn.allocate(address, USER, PASSWORD, timeout=1.0):
                pass

    tried = sorted(attempt.split(": ")[0] for attempt in caught.value.attempts)
    assert tried == [f"TCP {address}", f"TLS {address}", f"UDP {address}"]
    assert any(attempt.endswith("no answer") for attempt in caught.value.attempts)
    assert "firewall" in caught.value.advice


async def test_tcp_is_taken_where_udp_is_blocked(server: Coturn) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        blocked = f"turn:127.0.0.1:{silent.getsockname()[1]}"
        begun = loop.time()

        async with packhorse.turn.allocate([blocked, server.tcp], USER, PASSWORD) as allocation:
            assert allocation.server.carried is Carried.TCP
            assert 0.25 < loop.time() - begun < 2.0


def test_without_the_extra_the_rest_works_and_the_error_names_it() -> None:
    code = """
import asyncio, sys
sys.modules["aioice"] = None
import packhorse

async def main():
    try:
        async with packhorse.turn.allocate("a.example", "ann", "secret"):
            pass
    except packhorse.ConfigurationError as error:
        print(error.advice)

asyncio.run(main())
"""
    done = run([sys.executable, "-c", code], timeout=20)

    assert done.stdout == "install the extra: pip install '.[turn]' in the folder of Packhorse"


@pytest.mark.parametrize(
    "options",
    [{"family": 5}, {"timeout": 0.0}, {"refresh_interval": 300.0}, {"probe_interval": 20}],
)
async def test_settings_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(packhorse.ConfigurationError):
        async with packhorse.turn.allocate("127.0.0.1", USER, PASSWORD, **options):
            pass


# Who may be a peer.


async def test_own_address_is_refused_as_a_peer(server: Coturn) -> None:
    async with packhorse.turn.allocate(server.udp, USER, PASSWORD) as allocation:
        with pytest.raises(packhorse.LocalProtocolError, match="own"):
            await allocation.pipe(allocation.relayed_address)


async def test_second_pipe_to_a_peer_is_refused(server: Coturn) -> None:
    async with two(server.udp, server.udp) as (one, other):
        await joined(one, other)
        with pytest.raises(packhorse.LocalProtocolError, match="there is a pipe"):
            await one.pipe(other.relayed_address)


async def test_peer_that_opens_no_pipe_is_told(server: Coturn) -> None:
    async with two(server.udp, server.udp) as (one, other):
        with pytest.raises(packhorse.ConnectivityError) as caught:
            await one.pipe(other.relayed_address, timeout=0.3)

    assert "must open a pipe" in caught.value.advice


async def test_data_of_a_stranger_at_a_permitted_address_is_counted_not_delivered(
    server: Coturn,
) -> None:
    async with two(server.udp, server.udp) as (one, other):
        near, _far = await joined(one, other, mode=None)
        async with packhorse.turn.allocate(server.udp, USER, PASSWORD) as stranger:
            stray = await stranger.pipe(one.relayed_address, mode=None)
            await stray.send(b"forged")
            await until(lambda: bool(one.drops))

        assert one.drops == {TurnDrop.UNKNOWN_PEER: 1}
        with pytest.raises(packhorse.PipeTimeoutError):
            await near.recv(0.0)


# Time.


async def test_plain_datagrams_reach_a_receiver_that_was_silent_past_all_lifetimes(
    tmp_path: Path,
) -> None:
    short = ("--channel-lifetime=2", "--permission-lifetime=2")
    with Coturn(tmp_path, *short) as server:
        async with (
            two(server.udp, server.udp, refresh_interval=0.5) as (one, other),
            two(server.udp, server.udp) as (stale, forgotten),
        ):
            near, far = await joined(one, other, mode=None)
            near_stale, far_stale = await joined(stale, forgotten, mode=None)
            await asyncio.sleep(3.0)

            await near.send(b"still there")
            await near_stale.send(b"not any more")
            assert await far.recv(SOON) == b"still there"
            with pytest.raises(packhorse.PipeTimeoutError):
                await far_stale.recv(0.3)


async def test_nonces_that_grow_stale_lose_nothing(tmp_path: Path) -> None:
    with Coturn(tmp_path, "--stale-nonce=1") as server:
        often = {"refresh_interval": 0.2, "probe_interval": 0.2}
        async with two(server.udp, server.udp, **often) as (one, other):
            events: list[TurnEvent] = []
            one.on_event(events.append)
            near, far = await joined(one, other)
            first_nonce = nonce_of(one)
            for _ in range(25):
                await round_trips(near, far, 4)
                await asyncio.sleep(0.1)

            assert events == []
            assert nonce_of(one) != first_nonce


@pytest.mark.slow
@pytest.mark.timeout(460)
async def test_plain_datagrams_reach_a_receiver_that_was_silent_for_360_seconds(
    server: Coturn,
) -> None:
    async with two(server.udp, server.udp) as (one, other):
        near, far = await joined(one, other, mode=None)
        await asyncio.sleep(360)

        await near.send(b"still there")
        assert await far.recv(SOON) == b"still there"


# Loss of the allocation.


def renewals(events: list[TurnEvent]) -> int:
    return sum(isinstance(event, AllocationRenewed) for event in events)


async def numbers_from(pipe: packhorse.Pipe, count: int) -> list[int]:
    return [int(await pipe.recv(30.0)) for _ in range(count)]


async def send_numbers(pipe: packhorse.Pipe, count: int, pause: float) -> None:
    for number in range(count):
        await pipe.send(b"%d" % number)
        await asyncio.sleep(pause)


async def test_rebinding_of_a_nat_is_noticed_and_loses_no_message(server: Coturn) -> None:
    with RebindingProxy(server.port) as nat:
        async with two(f"turn:{nat.address}", server.udp, probe_interval=0.3) as (one, other):
            events: list[TurnEvent] = []
            paths: list[packhorse.PipePath] = []
            one.on_event(events.append)
            near, far = await joined(one, other)
            far.on_path_change(paths.append)
            reader = asyncio.create_task(numbers_from(far, 300))
            sender = asyncio.create_task(send_numbers(near, 300, 0.01))
            await asyncio.sleep(0.5)
            nat.rebind()

            assert await reader == list(range(300))
            await sender
            await round_trips(far, near, 20)

            assert [type(event) for event in events] == [AllocationLost, AllocationRenewed]
            assert paths[-1].remote == one.relayed_address


async def test_restart_of_the_server_in_the_middle_loses_no_message(tmp_path: Path) -> None:
    with Coturn(tmp_path) as server:
        async with two(server.udp, server.udp, probe_interval=0.3) as (one, other):
            near, far = await joined(one, other)
            events: list[TurnEvent] = []
            one.on_event(events.append)
            other.on_event(events.append)
            reader = asyncio.create_task(numbers_from(far, 300))
            sender = asyncio.create_task(send_numbers(near, 300, 0.01))
            await asyncio.sleep(0.5)
            server.stop()
            server.start()
            await until(
                lambda: [type(event) for event in events].count(AllocationRenewed) == 2, within=30
            )
            await one.redirect(near, other.relayed_address)  # as the application tells them
            await other.redirect(far, one.relayed_address)

            assert await reader == list(range(300))
            await sender


async def test_loss_of_the_connection_to_the_server_is_noticed(tmp_path: Path) -> None:
    with Coturn(tmp_path) as server:
        async with packhorse.turn.allocate(server.tcp, USER, PASSWORD) as allocation:
            events: asyncio.Queue[TurnEvent] = asyncio.Queue()
            allocation.on_event(events.put_nowait)
            before = allocation.relayed_address
            server.stop()
            server.start()

            async with asyncio.timeout(20):
                assert isinstance(await events.get(), AllocationLost)
                renewed = await events.get()
            assert renewed == AllocationRenewed(allocation.relayed_address)
            assert allocation.relayed_address != before


# Loss of datagrams.


@pytest.mark.parametrize("loss", [0.05, 0.2])
async def test_reliable_messages_arrive_complete_and_in_order_despite_loss(
    server: Coturn, loss: float
) -> None:
    async with (
        LossyProxy(server.port, loss=0.0, reorder=0.05) as proxy,
        two(f"turn:{proxy.address}", server.udp) as (one, other),
    ):
        near, far = await joined(one, other)
        proxy.loss = loss
        there = asyncio.create_task(send_numbers(near, 1000, 0.0))
        back = asyncio.create_task(send_numbers(far, 1000, 0.0))

        assert await numbers_from(far, 1000) == list(range(1000))
        assert await numbers_from(near, 1000) == list(range(1000))
        await asyncio.gather(there, back)
        assert proxy.lost > 0
        proxy.loss = 0.0


@pytest.mark.slow
@pytest.mark.timeout(200)
async def test_10000_round_trips(server: Coturn) -> None:
    async with two(server.udp, server.udp) as (one, other):
        near, far = await joined(one, other)

        await round_trips(near, far, 10_000)
