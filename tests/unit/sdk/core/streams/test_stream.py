"""One connection from both ends: data, ends, resets and what breaks the rules."""

import tracemalloc

import pytest

from packhorse.core.streams import format as stream_format
from packhorse.core.streams.format import INITIAL_WINDOW, ResetReason, StreamKind
from packhorse.core.streams.stream import TRANSITIONS, Stream, StreamCause, StreamState
from packhorse.core.streams.window import GrowthBudget
from packhorse.wire.errors import LocalProtocolError
from tests.support.stream_pair import StreamPair, read_all


@pytest.fixture
def pair() -> StreamPair:
    return StreamPair()


def lone_stream() -> Stream:
    """Return the acceptor's end of a stream whose other end the test speaks for."""
    return Stream((2, 16), 0, GrowthBudget(), lambda _: None, is_opener=False, now=0.0)


def tell(stream: Stream, message: bytes) -> None:
    stream.receive(stream_format.decode_stream_message(message))


def said(stream: Stream) -> list[bytes]:
    """Return all that a stream has to say."""
    messages = []
    while (message := stream.peek()) is not None:
        messages.append(message)
        stream.advance()
    return messages


def test_data_passes_both_ways_in_order(pair: StreamPair) -> None:
    client, host = pair.connect()

    for part in (b"one ", b"two"):
        client.send(part)
    host.send(b"three")
    pair.settle()

    assert read_all(host) == b"one two"
    assert read_all(client) == b"three"


def test_data_may_follow_open_at_once(pair: StreamPair) -> None:
    client = pair.open()
    client.send(b"early")
    client.finish()
    pair.settle()

    (host,) = pair.accepted
    assert read_all(host) == b"early"
    assert host.is_input_ended
    assert not client.is_confirmed


def test_half_close_ends_one_direction_only(pair: StreamPair) -> None:
    client, host = pair.connect()

    client.send(b"question")
    client.finish()
    pair.settle()
    assert (client.state, host.state) == (StreamState.WE_FINISHED, StreamState.THEY_FINISHED)
    was_ended = host.is_input_ended  # the question waits
    assert read_all(host) == b"question"
    assert (was_ended, host.is_input_ended) == (False, True)
    host.send(b"answer")
    pair.settle()

    assert read_all(client) == b"answer"


def test_channel_is_free_when_both_have_taken_everything(pair: StreamPair) -> None:
    client, host = pair.connect()
    for stream in (client, host):
        stream.send(b"last words")
        stream.finish()
    pair.settle()

    assert (client.state, host.state) == (StreamState.FLUSHING, StreamState.FLUSHING)
    read_all(host)
    host.flushed()
    pair.settle()
    assert (client.state, host.state) == (StreamState.FLUSHING_LAST, StreamState.CLOSING)
    assert read_all(client) == b"last words"
    client.flushed()
    pair.settle()

    assert client.is_over
    assert host.is_over


def test_reset_reaches_the_other_end_and_is_answered(pair: StreamPair) -> None:
    client, host = pair.connect()
    host.send(b"never read")

    client.abort()
    pair.settle()

    assert host.failure is ResetReason.RESET
    assert client.failure is None
    assert client.is_over
    assert host.is_over


def test_resets_that_cross_end_both(pair: StreamPair) -> None:
    client, host = pair.connect()

    client.abort()
    host.abort()
    pair.settle()

    assert client.is_over
    assert host.is_over


@pytest.mark.parametrize("reason", [ResetReason.REFUSED, ResetReason.UNREACHABLE, ResetReason.BUSY])
def test_reason_of_a_failed_connection_is_told(pair: StreamPair, reason: ResetReason) -> None:
    client = pair.open()
    pair.settle()

    pair.accepted[0].fail(reason)
    pair.settle()

    assert client.failure is reason
    assert client.is_over


def test_stream_that_was_never_announced_just_goes(pair: StreamPair) -> None:
    client = pair.open()

    client.abort()
    pair.settle()

    assert client.is_over
    assert pair.accepted == []


def test_reset_discards_what_waits(pair: StreamPair) -> None:
    client, host = pair.connect()
    client.send(b"x" * 1000)

    client.abort()

    assert said(client) == [stream_format.encode_reset(ResetReason.RESET)]
    assert not host.is_ended


def test_allowance_is_the_window_and_nothing_while_something_waits(pair: StreamPair) -> None:
    client, _ = pair.connect()
    assert client.allowance == INITIAL_WINDOW

    client.send(b"x" * 1000)
    assert client.allowance == 0
    pair.hand_out()

    assert client.allowance == INITIAL_WINDOW - 1000


def test_reader_that_stalls_stops_the_writer_and_lets_it_go_on(pair: StreamPair) -> None:
    client, host = pair.connect()
    client.send(bytes(INITIAL_WINDOW))
    pair.settle()
    assert client.allowance == 0

    assert len(host.take(now=60.0) or b"") == INITIAL_WINDOW
    pair.settle()

    assert client.allowance == INITIAL_WINDOW


def test_grant_goes_before_data_that_waits() -> None:
    stream = lone_stream()
    tell(stream, stream_format.encode_data(bytes(INITIAL_WINDOW)))

    stream.send(b"answer")
    read_all(stream, now=60.0)

    assert [message[0] for message in said(stream)] == [StreamKind.WINDOW, StreamKind.DATA]


def test_grants_add_up_while_they_cannot_be_sent() -> None:
    stream = lone_stream()
    for _ in range(4):
        tell(stream, stream_format.encode_data(bytes(INITIAL_WINDOW // 4)))
    while stream.take(now=60.0):
        pass

    grants = [stream_format.decode_stream_message(message).value for message in said(stream)]

    assert len(grants) == 2
    assert sum(grants) == INITIAL_WINDOW


@pytest.mark.parametrize(
    "messages",
    [
        [stream_format.encode_data(bytes(INITIAL_WINDOW + 1))],
        [stream_format.FIN, stream_format.encode_data(b"after the end")],
        [stream_format.FIN, stream_format.FIN],
        [stream_format.CLOSED],
        [stream_format.FIN, stream_format.CLOSED],
    ],
    ids=["beyond the window", "data after fin", "fin twice", "closed", "closed without our fin"],
)
def test_end_that_breaks_the_rules_is_reset(messages: list[bytes]) -> None:
    stream = lone_stream()

    for message in messages:
        tell(stream, message)

    assert stream.failure is ResetReason.PROTOCOL
    assert said(stream) == [stream_format.encode_reset(ResetReason.PROTOCOL)]
    assert stream.take(now=0.0) is None


def test_everything_but_the_last_message_is_ignored_after_our_last() -> None:
    stream = lone_stream()
    stream.abort()
    assert len(said(stream)) == 1

    for message in (stream_format.encode_data(b"x"), stream_format.FIN, stream_format.OPENED):
        tell(stream, message)
    tell(stream, stream_format.encode_window(10))

    assert (stream.state, said(stream)) == (StreamState.CLOSING, [])
    tell(stream, stream_format.CLOSED)
    assert stream.is_over


def test_peer_that_left_ends_the_stream_without_a_word(pair: StreamPair) -> None:
    client, host = pair.connect()
    client.send(b"unheard")

    client.vanish()
    host.abort()
    host.vanish()

    assert (client.failure, client.is_over) == (ResetReason.PEER_LEFT, True)
    assert (host.failure, host.is_over) == (None, True)


def test_sending_after_the_end_is_refused(pair: StreamPair) -> None:
    client, _ = pair.connect()
    client.finish()
    client.finish()

    with pytest.raises(LocalProtocolError, match="illegal while we finished"):
        client.send(b"more")
    assert said(client) == [stream_format.FIN]


def test_steps_that_come_too_early_or_too_late_are_harmless(pair: StreamPair) -> None:
    client, host = pair.connect()

    client.flushed()
    tell(client, stream_format.OPENED)
    tell(client, stream_format.encode_data(b""))
    assert said(client) == []
    client.abort()
    client.fail(ResetReason.NO_ANSWER)
    pair.settle()

    assert client.failure is None
    assert host.failure is ResetReason.RESET


def test_confirming_what_has_ended_says_nothing(pair: StreamPair) -> None:
    client, host = pair.connect()
    client.abort()
    pair.settle()

    host.confirm()

    assert host.is_over


def test_states_end_and_only_legal_causes_move_them() -> None:
    assert not any(state is StreamState.GONE for state, _ in TRANSITIONS)
    assert {state for state, _ in TRANSITIONS} == set(StreamState) - {StreamState.GONE}
    assert {cause for _, cause in TRANSITIONS} == set(StreamCause)


def test_attack_13_tiny_pieces_that_nobody_reads_take_little_more_than_the_window() -> None:
    """64 times the payload is what a piece of two bytes took on its own."""
    stream = lone_stream()
    piece = stream_format.encode_data(b"ab")
    tracemalloc.start()
    for _ in range(INITIAL_WINDOW // 2):
        tell(stream, bytes(piece))
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert size < 2 * INITIAL_WINDOW
    assert read_all(stream) == b"ab" * (INITIAL_WINDOW // 2)
