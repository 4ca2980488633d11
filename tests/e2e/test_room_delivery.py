"""All modes of `Room.send`, through a real relay over the loopback interface."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

import packhorse
from packhorse import Message, Mode, Room
from packhorse.wire.constants import MAX_RELIABLE_MESSAGE, MAX_UNRELIABLE_MESSAGE, RECEIVE_WINDOW
from packhorse_relay.aio.server import RelayServer
from tests.support.delivery_traffic import RELIABLE, UNRELIABLE, content
from tests.support.gate import Gate
from tests.support.lossy_proxy import LossyProxy
from tests.support.relays import LOOPBACK, address_of, new_relay
from tests.support.waiting import next_of, until

MIB = 1 << 20
LONG = 40.0  # seconds; what is waited for takes a few on an idle machine


@pytest.fixture
async def relay() -> AsyncIterator[RelayServer]:
    async with new_relay() as server:
        yield server


@pytest.fixture
async def rooms(relay: RelayServer) -> AsyncIterator[tuple[Room, Room]]:
    """A host and its guest, who know each other."""
    async with (
        packhorse.host(address_of(relay)) as host,
        packhorse.join(address_of(relay), host.code) as guest,
    ):
        await until(lambda: host.peers)
        yield host, guest


async def take(room: Room, count: int) -> list[Message]:
    """Return the next messages, of which each comes within the deadline."""
    return [await next_of(room, Message, within=LONG) for _ in range(count)]


async def last_of(room: Room, data: bytes) -> list[bytes]:
    """Return the messages that came before the one with this data."""
    before = []
    while (message := await next_of(room, Message, within=LONG)).data != data:
        before.append(message.data)
    return before


def unread_bytes(room: Room) -> int:
    """Return what waits for an application that does not read."""
    return sum(len(event.data) for event in room._events if isinstance(event, Message))


async def fill_buffer(room: Room, to: int) -> asyncio.Task[None]:
    """Fill the send buffer; return a `send` that waits for room in it."""

    async def fill_and_send() -> None:
        while room.try_send(bytes(10_000), to=to, mode=Mode.RELIABLE):
            pass
        await room.send(b"late", to=to, mode=Mode.RELIABLE)

    sending = asyncio.create_task(fill_and_send())
    await asyncio.sleep(0)
    assert not sending.done()
    return sending


async def test_five_megabytes_arrive_as_they_were_sent(rooms: tuple[Room, Room]) -> None:
    host, guest = rooms
    data = content(5, 5 * MIB)

    await host.send(data, to=guest.peer_id, mode=Mode.RELIABLE)

    got = await next_of(guest, Message, within=LONG)
    assert hashlib.sha256(got.data).digest() == hashlib.sha256(data).digest()
    await host.flush(LONG)


@pytest.mark.parametrize("mode", Mode)
async def test_each_mode_and_channel_arrives_as_what_it_was_sent(
    rooms: tuple[Room, Room], mode: Mode
) -> None:
    host, guest = rooms
    sent = [(content(n, size), n) for n, size in ((0, 5), (1, 1), (7, 3000), (255, 20_000))]

    for data, channel in sent:
        await guest.send(data, to=packhorse.HOST, mode=mode, channel=channel)

    expected = {Message(data, guest.peer_id, mode, channel) for data, channel in sent}
    assert set(await take(host, len(sent))) == expected


@pytest.mark.parametrize("mode", Mode)
async def test_broadcast_of_each_mode_reaches_all_others(relay: RelayServer, mode: Mode) -> None:
    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(packhorse.host(address_of(relay)))
        join = packhorse.join
        guests = [
            await stack.enter_async_context(join(address_of(relay), host.code)) for _ in range(3)
        ]
        await until(lambda: all(len(room.peers) == 3 for room in guests))
        data = content(3, 8000)
        await guests[0].send(data, mode=mode, channel=3)

        for room in (host, *guests[1:]):
            expected = Message(data, guests[0].peer_id, mode, 3)
            assert await next_of(room, Message) == expected


@pytest.mark.parametrize("mode", [Mode.UNRELIABLE_ORDERED, *RELIABLE])
async def test_empty_message_arrives(rooms: tuple[Room, Room], mode: Mode) -> None:
    host, guest = rooms

    await guest.send(b"", to=packhorse.HOST, mode=mode)

    assert await next_of(host, Message) == Message(b"", guest.peer_id, mode, 0)


async def test_try_send_tells_when_the_buffer_is_full_and_when_it_has_room_again(
    rooms: tuple[Room, Room],
) -> None:
    host, guest = rooms
    data, sent = bytes(10_000), 0
    while host.try_send(data, to=guest.peer_id, mode=Mode.RELIABLE):
        sent += 1
    assert 26 <= sent <= 28  # 256 KiB, and one that went over it
    assert host.peer_statistics(guest.peer_id).queued_bytes <= 280_000
    assert host.try_send(b"x", to=guest.peer_id)  # the unreliable modes have no such bound

    progress = asyncio.Event()
    host.on_progress = progress.set
    await asyncio.wait_for(progress.wait(), LONG)
    await until(lambda: host.try_send(b"last", to=guest.peer_id, mode=Mode.RELIABLE))
    await asyncio.wait_for(host.flush(), LONG)


async def test_send_waits_for_room_in_the_buffer(rooms: tuple[Room, Room]) -> None:
    host, guest = rooms

    sending = await fill_buffer(host, guest.peer_id)

    await asyncio.wait_for(sending, LONG)
    assert len(await last_of(guest, b"late")) >= 26


@pytest.mark.timeout(90)
async def test_nobody_reading_bounds_memory_and_reading_lets_it_go_on(
    rooms: tuple[Room, Room],
) -> None:
    host, guest = rooms
    size, count = 200_000, 112

    messages = [content(number, size) for number in range(count)]
    sending = asyncio.create_task(send_all(host, guest.peer_id, messages))
    await until(lambda: unread_bytes(guest) > RECEIVE_WINDOW - size, within=LONG)
    with pytest.raises(packhorse.TransactionTimeoutError):
        await host.flush(0.3)

    assert RECEIVE_WINDOW - size < unread_bytes(guest) <= RECEIVE_WINDOW
    assert not sending.done()
    assert host.peer_statistics(guest.peer_id).queued_bytes < 256 * 1024 + size
    got = await take(guest, count)  # credit comes with reading
    assert [message.data for message in got] == messages
    await asyncio.wait_for(sending, LONG)


async def test_flush_waits_until_everything_has_arrived(rooms: tuple[Room, Room]) -> None:
    host, guest = rooms
    got: list[bytes] = []
    guest.on_message = lambda message: got.append(message.data)
    for number in range(100):
        await host.send(content(number, 4000), to=guest.peer_id, mode=Mode.RELIABLE)

    await host.flush(LONG)

    assert got == [content(number, 4000) for number in range(100)]


async def test_flush_of_nothing_ends_at_once(rooms: tuple[Room, Room]) -> None:
    async with asyncio.timeout(0.5):
        await rooms[0].flush()


async def test_flush_tells_when_something_cannot_arrive(relay: RelayServer) -> None:
    async with (
        packhorse.host(address_of(relay)) as host,
        Gate((LOOPBACK, relay.port)) as gate,
        packhorse.join(gate.address, host.code) as guest,
    ):
        await until(lambda: host.peers)
        gate.is_open = False
        await host.send(b"hello?", to=guest.peer_id, mode=Mode.RELIABLE)
        with pytest.raises(packhorse.TransactionTimeoutError) as failure:
            await host.flush(0.3)
        assert "0.3" in str(failure.value)
        gate.is_open = True

        await host.flush(LONG)
        assert (await next_of(guest, Message)).data == b"hello?"


async def test_leaving_at_once_still_delivers_reliable_messages(relay: RelayServer) -> None:
    async with packhorse.host(address_of(relay)) as host:
        async with packhorse.join(address_of(relay), host.code) as guest:
            for number in range(20):
                await guest.send(content(number, 20_000), to=packhorse.HOST, mode=Mode.RELIABLE)

        got = [message.data for message in await take(host, 20)]
        assert got == [content(number, 20_000) for number in range(20)]


async def test_leaving_does_not_wait_for_ever(relay: RelayServer) -> None:
    loop = asyncio.get_running_loop()
    async with packhorse.host(address_of(relay)) as host, Gate((LOOPBACK, relay.port)) as gate:
        async with packhorse.join(gate.address, host.code) as guest:
            await until(lambda: host.peers)
            gate.is_open = False
            await guest.send(b"never", to=packhorse.HOST, mode=Mode.RELIABLE)
            start = loop.time()
        assert 1.9 < loop.time() - start < 4.0


async def test_cancelled_send_sends_nothing(rooms: tuple[Room, Room]) -> None:
    host, guest = rooms
    sending = await fill_buffer(host, guest.peer_id)

    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending

    await host.send(b"last", to=guest.peer_id, mode=Mode.RELIABLE)
    assert b"late" not in await last_of(guest, b"last")


async def test_send_that_waits_ends_with_the_session(rooms: tuple[Room, Room]) -> None:
    host, guest = rooms
    guest.try_send(bytes(MAX_RELIABLE_MESSAGE), to=packhorse.HOST, mode=Mode.RELIABLE)
    sending = await fill_buffer(guest, packhorse.HOST)

    await host.kick(guest.peer_id)

    with pytest.raises(packhorse.SessionClosedByError):
        await asyncio.wait_for(sending, LONG)


async def test_send_that_waits_for_a_peer_ends_when_it_leaves(rooms: tuple[Room, Room]) -> None:
    host, guest = rooms
    host.try_send(bytes(MAX_RELIABLE_MESSAGE), to=guest.peer_id, mode=Mode.RELIABLE)
    sending = await fill_buffer(host, guest.peer_id)

    await guest.aclose()

    with pytest.raises(packhorse.LocalProtocolError):
        await asyncio.wait_for(sending, LONG)
    await host.flush(1.0)


async def test_peer_is_pinged_end_to_end_and_statistics_tell_of_it(
    rooms: tuple[Room, Room],
) -> None:
    host, guest = rooms
    assert host.peer_statistics(guest.peer_id) == (None, 0.0, 0.0, 0)

    rtts = await asyncio.gather(*(host.ping_peer(guest.peer_id) for _ in range(5)))

    assert all(0 < rtt < 0.5 for rtt in rtts)
    statistics = host.peer_statistics(guest.peer_id)
    assert statistics.rtt is not None
    assert 0 < statistics.rtt < 0.5
    assert (statistics.loss, statistics.queued_bytes) == (0.0, 0)


async def test_ping_of_a_peer_that_cannot_answer_is_told(relay: RelayServer) -> None:
    async with (
        packhorse.host(address_of(relay)) as host,
        Gate((LOOPBACK, relay.port)) as gate,
        packhorse.join(gate.address, host.code) as guest,
    ):
        await until(lambda: host.peers)
        gate.is_open = False
        with pytest.raises(packhorse.TransactionTimeoutError):
            await host.ping_peer(guest.peer_id, timeout=0.2)
        with pytest.raises(packhorse.LocalProtocolError):
            await host.ping_peer(9)
        gate.is_open = True

        assert await host.ping_peer(guest.peer_id) < 1


@pytest.mark.timeout(90)
async def test_on_message_takes_reliable_messages_and_gives_credit(
    rooms: tuple[Room, Room],
) -> None:
    host, guest = rooms
    sizes: list[int] = []
    guest.on_message = lambda message: sizes.append(len(message.data))

    for _ in range(24):  # more than is granted without credit
        await asyncio.wait_for(
            host.send(bytes(MIB), to=guest.peer_id, mode=Mode.RELIABLE_UNORDERED), LONG
        )
    await host.flush(LONG)

    assert sizes == [MIB] * 24


async def test_reply_from_on_message_does_not_recurse(rooms: tuple[Room, Room]) -> None:
    host, guest = rooms
    got: list[int] = []

    def echo(room: Room, message: Message) -> None:
        number = int.from_bytes(message.data) + 1
        got.append(number)
        if number < 500:
            room.try_send(number.to_bytes(2), to=message.source, mode=Mode.RELIABLE)

    host.on_message = lambda message: echo(host, message)
    guest.on_message = lambda message: echo(guest, message)
    await host.send(b"\0\0", to=guest.peer_id, mode=Mode.RELIABLE)

    await until(lambda: len(got) == 500, within=LONG)
    assert got == list(range(1, 501))


@pytest.mark.parametrize(
    ("size", "to", "mode", "channel"),
    [
        (MAX_RELIABLE_MESSAGE + 1, 2, Mode.RELIABLE, 0),
        (MAX_UNRELIABLE_MESSAGE + 1, 2, Mode.UNRELIABLE, 0),
        (MAX_UNRELIABLE_MESSAGE + 1, 0, Mode.UNRELIABLE_ORDERED, 0),
        (1, 9, Mode.RELIABLE, 0),
        (1, 1, Mode.RELIABLE, 0),
        (1, 2, Mode.RELIABLE, -1),
        (1, 2, Mode.UNRELIABLE, 256),
    ],
)
async def test_what_cannot_be_sent_is_refused(
    rooms: tuple[Room, Room], size: int, to: int, mode: Mode, channel: int
) -> None:
    with pytest.raises(packhorse.LocalProtocolError):
        rooms[0].try_send(bytes(size), to=to, mode=mode, channel=channel)


@pytest.mark.parametrize("mode", UNRELIABLE)
async def test_largest_unreliable_message_arrives(rooms: tuple[Room, Room], mode: Mode) -> None:
    host, guest = rooms

    await host.send(content(1, MAX_UNRELIABLE_MESSAGE), to=guest.peer_id, mode=mode)

    assert (await next_of(guest, Message)).data == content(1, MAX_UNRELIABLE_MESSAGE)


async def test_thousands_of_messages_both_ways_survive_loss_and_reordering(
    relay: RelayServer,
) -> None:
    numbers = [content(number, 60) for number in range(2000)]
    async with (
        packhorse.host(address_of(relay)) as host,
        LossyProxy(relay.port, loss=0.1, reorder=0.1) as proxy,
        packhorse.join(proxy.address, host.code) as guest,
    ):
        await until(lambda: host.peers)
        async with asyncio.timeout(LONG), asyncio.TaskGroup() as group:
            group.create_task(send_all(host, guest.peer_id, numbers))
            group.create_task(send_all(guest, packhorse.HOST, numbers))
            results = [group.create_task(take(room, 2000)) for room in (host, guest)]

        for result in results:
            assert [message.data for message in result.result()] == numbers
        assert proxy.lost > 10
        assert proxy.held_back > 10


async def send_all(room: Room, to: int, messages: list[bytes]) -> None:
    """Send in bursts, as games do."""
    for number, data in enumerate(messages):
        await room.send(data, to=to, mode=Mode.RELIABLE)
        if number % 10 == 0:
            await asyncio.sleep(0.001)
    await room.flush(LONG)
