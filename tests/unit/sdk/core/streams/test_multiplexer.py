"""Channels, turns, limits, silence, and how much passes over a long way."""

from functools import partial

import pytest

from packhorse.core.streams import format as stream_format
from packhorse.core.streams.format import FIRST_CHANNEL, LAST_CHANNEL, ResetReason, StreamKind
from packhorse.core.streams.multiplexer import MAX_STREAMS_PER_PEER, OPEN_TIMEOUT, Multiplexer
from packhorse.testing import Conditions, Link, VirtualClock
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError
from tests.support.stream_pair import CLIENT, HOST, StreamPair, read_all

BULK = bytes(60_000)


@pytest.fixture
def pair() -> StreamPair:
    return StreamPair()


def handed_out(multiplexer: Multiplexer, peer: int, count: int) -> list[tuple[int, int]]:
    """Let `count` messages go out; return channel and kind of each."""
    messages: list[tuple[int, int]] = []

    def offer(channel: int, message: bytes) -> bool:
        if len(messages) == count:
            return False
        messages.append((channel, message[0]))
        return True

    multiplexer.drain(peer, offer)
    return messages


def test_each_stream_has_its_own_channel(pair: StreamPair) -> None:
    streams = [pair.open() for _ in range(MAX_STREAMS_PER_PEER)]

    channels = [stream.channel for stream in streams]

    assert channels == list(range(FIRST_CHANNEL, LAST_CHANNEL + 1))
    assert pair.client.open(HOST, 0, now=0.0) is None


def test_channel_comes_back_after_the_end(pair: StreamPair) -> None:
    streams = [pair.open() for _ in range(MAX_STREAMS_PER_PEER)]
    pair.settle()

    streams[5].abort()
    pair.settle()

    assert pair.open().channel == streams[5].channel
    assert pair.client.count == pair.host.count + 1 == MAX_STREAMS_PER_PEER


def test_channel_is_not_used_again_before_the_other_end_has_said_its_last(
    pair: StreamPair,
) -> None:
    streams = [pair.open() for _ in range(MAX_STREAMS_PER_PEER)]
    pair.settle()

    streams[0].abort()
    pair.hand_out()

    assert pair.client.open(HOST, 0, now=0.0) is None


def test_nothing_of_an_old_stream_reaches_the_next_one(pair: StreamPair) -> None:
    for _ in range(MAX_STREAMS_PER_PEER - 1):
        pair.open()
    old, old_host = pair.connect()
    old_host.send(b"under way when it is reset")
    pair.hand_out()
    old.abort()
    pair.settle()

    new, new_host = pair.connect()
    new_host.send(b"new")
    pair.settle()

    assert new.channel == old.channel
    assert read_all(new) == b"new"


def test_service_that_is_not_offered_is_refused() -> None:
    pair = StreamPair(services=2)

    last, beyond = pair.open(1), pair.open(2)
    pair.settle()

    assert last.failure is None
    assert beyond.failure is ResetReason.NO_SERVICE
    assert pair.host.count == 1


def test_host_without_services_refuses_too() -> None:
    pair = StreamPair(services=0)

    stream = pair.open()
    pair.settle()

    assert stream.failure is ResetReason.NO_SERVICE
    assert pair.host.count == 0


def test_stream_beyond_the_limit_of_all_peers_is_refused() -> None:
    pair = StreamPair(max_streams=3)

    streams = [pair.open() for _ in range(4)]
    pair.settle()

    assert [stream.failure for stream in streams] == [None, None, None, ResetReason.BUSY]


def test_opener_keeps_to_its_own_limit() -> None:
    client = Multiplexer(max_streams=2)

    streams = [client.open(HOST, 0, now=0.0) for _ in range(3)]

    assert [stream is None for stream in streams] == [False, False, True]


def test_small_messages_pass_those_that_fill_many_datagrams(pair: StreamPair) -> None:
    copying, _ = pair.connect()
    typing, _ = pair.connect()

    copying.send(BULK)
    typing.send(b"ls\n")

    assert handed_out(pair.client, HOST, 2) == [
        (typing.channel, StreamKind.DATA),
        (copying.channel, StreamKind.DATA),
    ]


def test_streams_that_copy_take_turns(pair: StreamPair) -> None:
    streams = [pair.connect()[0] for _ in range(3)]
    for stream in streams:
        stream.send(BULK)
        stream.send(BULK)

    channels = [channel for channel, _ in handed_out(pair.client, HOST, 6)]

    assert channels == [stream.channel for stream in streams] * 2


def test_refused_message_comes_again_first(pair: StreamPair) -> None:
    one, _ = pair.connect()
    one.send(b"first")
    one.send(b"second")

    assert handed_out(pair.client, HOST, 1) == [(one.channel, StreamKind.DATA)]
    pair.settle()

    assert read_all(pair.accepted[0]) == b"second"  # the first went to the test


def test_unanswered_open_fails_in_time(pair: StreamPair) -> None:
    stream = pair.open()
    later = pair.client.open(HOST, 0, now=1.0)
    assert pair.client.next_timeout() == OPEN_TIMEOUT

    failures = []
    for now in (OPEN_TIMEOUT - 0.1, OPEN_TIMEOUT):
        pair.client.handle_timeout(now=now)
        failures.append(stream.failure)

    assert failures == [None, ResetReason.NO_ANSWER]
    assert pair.client.next_changed() is stream
    assert later is not None
    assert later.failure is None
    assert pair.client.next_timeout() == OPEN_TIMEOUT + 1.0


def test_answered_open_never_fails(pair: StreamPair) -> None:
    stream, _ = pair.connect()

    assert pair.client.next_timeout() is None
    pair.client.handle_timeout(now=1000.0)
    assert stream.failure is None


def test_peer_that_leaves_takes_its_streams_along(pair: StreamPair) -> None:
    _, first = pair.connect()
    _, second = pair.connect()
    first.send(b"unheard")

    pair.host.forget(CLIENT)
    pair.host.forget(CLIENT)

    assert [stream.failure for stream in (first, second)] == [ResetReason.PEER_LEFT] * 2
    assert {pair.host.next_changed(), pair.host.next_changed()} == {first, second}
    assert (pair.host.count, pair.host.next_changed()) == (0, None)
    assert handed_out(pair.host, CLIENT, 10) == []


@pytest.mark.parametrize(
    ("channel", "message", "reason"),
    [
        (16, stream_format.encode_data(b"x"), DropReason.UNEXPECTED_MESSAGE),
        (16, stream_format.CLOSED, DropReason.UNEXPECTED_MESSAGE),
        (15, stream_format.encode_open(0), DropReason.OUT_OF_RANGE),
        (16, b"", DropReason.TOO_SHORT),
        (16, b"\x63", DropReason.UNKNOWN_TYPE),
    ],
)
def test_message_without_a_stream_is_refused(
    pair: StreamPair, channel: int, message: bytes, reason: DropReason
) -> None:
    with pytest.raises(ParseError) as caught:
        pair.host.receive(CLIENT, channel, message, now=0.0)

    assert caught.value.reason is reason
    assert pair.host.count == 0


def test_opener_accepts_nothing(pair: StreamPair) -> None:
    with pytest.raises(ParseError):
        pair.client.receive(HOST, 16, stream_format.encode_open(0), now=0.0)


def test_open_on_a_channel_that_is_taken_breaks_the_stream(pair: StreamPair) -> None:
    _, host = pair.connect()

    pair.host.receive(CLIENT, host.channel, stream_format.encode_open(0), now=0.0)

    assert host.failure is ResetReason.PROTOCOL
    assert pair.host.count == 1  # until the other end has said its last


def test_channel_comes_back_once_whatever_a_host_says_of_it(pair: StreamPair) -> None:
    unheard_of = pair.open()
    unheard_of.abort()

    pair.client.receive(HOST, unheard_of.channel, stream_format.OPENED, now=0.0)
    pair.settle()

    assert pair.client.count == 0
    assert len({pair.open().channel for _ in range(MAX_STREAMS_PER_PEER)}) == MAX_STREAMS_PER_PEER


def test_host_remembers_nothing_of_the_channels_of_old_streams() -> None:
    """The opener alone picks channels: a list of free ones at the host would grow for ever."""
    pair = StreamPair()
    for _ in range(3):
        pair.open().finish()
        pair.settle()
        pair.accepted[-1].abort()
        pair.settle()

    assert pair.host.count == pair.client.count == 0
    assert len(pair.host._peers[CLIENT].free) == MAX_STREAMS_PER_PEER


def test_stream_whose_messages_have_gone_out_is_told(pair: StreamPair) -> None:
    client, _ = pair.connect()
    client.send(BULK)
    assert client.allowance == 0

    pair.client.drain(HOST, lambda _channel, _message: True)

    assert pair.client.next_changed() is client
    assert client.allowance > 0


def put(link: Link[int], channel: int, message: bytes) -> bool:
    """Send a message, which always finds place."""
    link.send(message, channel)
    return True


class LongWay:
    """A client that copies to the host as fast as it may, over a slow and long way."""

    def __init__(self, conditions: Conditions) -> None:
        self.clock = VirtualClock()
        self.client, self.host = Multiplexer(), Multiplexer(1)
        self.there: Link[int] = Link(self.clock, self.at_host, conditions)
        self.back: Link[int] = Link(self.clock, self.at_client, conditions)
        stream = self.client.open(HOST, 0, now=self.clock.now)
        assert stream is not None
        self.stream = stream
        self.taken = 0
        self.copy()

    def copy(self) -> None:
        """Send as much as the window allows."""
        self.drain()
        while allowance := self.stream.allowance:
            self.stream.send(bytes(min(allowance, len(BULK))))
            self.drain()

    def drain(self) -> None:
        """Put all messages on their way."""
        for sender, peer, link in (
            (self.client, HOST, self.there),
            (self.host, CLIENT, self.back),
        ):
            sender.drain(peer, partial(put, link))

    def at_host(self, message: bytes, channel: int) -> None:
        """Let the program at the host take everything at once."""
        self.host.receive(CLIENT, channel, message, now=self.clock.now)
        while (stream := self.host.next_changed()) is not None:
            self.taken += len(read_all(stream, now=self.clock.now))
        self.drain()

    def at_client(self, message: bytes, channel: int) -> None:
        """Go on copying."""
        self.client.receive(HOST, channel, message, now=self.clock.now)
        self.copy()


def test_window_fills_a_link_of_100_mbit_with_an_rtt_of_150_ms() -> None:
    rate = 100e6 / 8
    way = LongWay(Conditions(latency=0.075, rate=rate, queue=8 << 20))

    way.clock.advance_to(way.clock.now + 2.0)  # the window grows
    before = way.taken
    way.clock.advance_to(way.clock.now + 3.0)

    assert (way.taken - before) / 3.0 > 0.98 * rate
