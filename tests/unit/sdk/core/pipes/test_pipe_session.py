"""One end of a pipe over plain datagrams."""

from collections.abc import Callable
from itertools import count
from random import Random

import pytest

from packhorse.core.pipes.greeting import (
    Cookie,
    Frame,
    Hello,
    decode,
    encode_close,
    encode_cookie,
    encode_frame,
    encode_hello,
)
from packhorse.core.pipes.pipe_session import IDLE, KEEPALIVE, PipeSession, State
from packhorse.wire.constants import DropReason, Mode
from packhorse.wire.errors import ParseError

DELAY = 0.02  # seconds one way


def numbered() -> Callable[[int], bytes]:
    """Return a source of bytes that differ."""
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


class Pair:
    """Two sessions and what is on its way between them."""

    def __init__(self, *, loss: float = 0.0) -> None:
        source = numbered()
        self.now = 0.0
        self.ends = [PipeSession(source, now=0.0), PipeSession(source, now=0.0)]
        self.received: list[list[bytes]] = [[], []]
        self.loss = loss
        self._random = Random(7)  # noqa: S311 - repeatable by design
        self._air: list[tuple[float, int, bytes]] = []

    def run(self, until: float) -> None:
        """Let time pass."""
        while True:
            self._flush()
            deadline = self._next()
            if deadline is None or deadline > until:
                break
            self.now = max(self.now, deadline)
            for end in self.ends:
                end.handle_timeout(now=self.now)
            self._land()
        self.now = until

    def _flush(self) -> None:
        for index, end in enumerate(self.ends):
            for datagram in end.datagrams_to_send(now=self.now):
                if self._random.random() >= self.loss:
                    self._air.append((self.now + DELAY, 1 - index, datagram))

    def _next(self) -> float | None:
        deadlines = [end.next_timeout(now=self.now) for end in self.ends]
        deadlines += [arrival for arrival, _, _ in self._air]
        return min((each for each in deadlines if each is not None), default=None)

    def _land(self) -> None:
        due = [each for each in self._air if each[0] <= self.now]
        self._air = [each for each in self._air if each[0] > self.now]
        for _, index, datagram in due:
            try:
                messages = self.ends[index].receive_datagram(datagram, now=self.now)
            except ParseError:
                continue
            self.received[index] += [message.data for message in messages]
            for message in messages:
                self.ends[index].consume(len(message.data))


def opened() -> Pair:
    pair = Pair()
    pair.run(1.0)
    assert [end.state for end in pair.ends] == [State.OPEN, State.OPEN]
    return pair


def refusal(session: PipeSession, datagram: bytes) -> DropReason:
    with pytest.raises(ParseError) as caught:
        session.receive_datagram(datagram, now=1.0)
    return caught.value.reason


def test_two_ends_open_within_one_and_a_half_round_trips() -> None:
    pair = Pair()
    pair.run(3.5 * DELAY)

    assert [end.state for end in pair.ends] == [State.OPEN, State.OPEN]


def test_opening_makes_no_endless_exchange() -> None:
    pair = opened()

    pair.run(2.0)  # acknowledgements are out by now
    assert pair._air == []
    deadline = pair.ends[0].next_timeout(now=pair.now)
    assert deadline is not None
    assert deadline > pair.now + 10


@pytest.mark.parametrize("loss", [0.05, 0.2, 0.4])
def test_messages_arrive_in_order_despite_loss(loss: float) -> None:
    pair = Pair(loss=loss)
    pair.run(5.0)
    for number in range(200):
        pair.ends[0].push(b"%d" % number, Mode.RELIABLE)
        pair.ends[1].push(b"%d" % number, Mode.RELIABLE)
    pair.run(60.0)

    assert pair.received == [[b"%d" % number for number in range(200)]] * 2
    assert pair.ends[0].is_idle
    assert pair.ends[0].queued_bytes == 0


def test_round_trip_time_is_measured_from_the_start_and_anew_on_another_path() -> None:
    pair = opened()
    assert pair.ends[0].rtt.smoothed == pytest.approx(2 * DELAY, abs=0.03)

    pair.ends[0].change_path(now=pair.now)
    assert pair.ends[0].rtt.smoothed is None
    pair.ends[0].probe()
    pair.run(2.0)
    assert pair.ends[0].rtt.smoothed is not None


def test_other_end_that_never_answers_is_lost_at_the_deadline() -> None:
    session = PipeSession(numbered(), now=0.0, timeout=2.0)
    sends = 0
    while (deadline := session.next_timeout(now=0.0)) is not None:
        session.handle_timeout(now=deadline)
        sends += len(session.datagrams_to_send(now=deadline))

    assert session.state is State.LOST
    assert sends == 5  # at 0, 0.1, 0.3, 0.7 and 1.5 s
    session.handle_timeout(now=9.0)
    assert session.datagrams_to_send(now=9.0) == []


def test_quiet_pipe_lives_on_by_asking() -> None:
    pair = opened()

    pair.run(10 * IDLE)

    assert [end.state for end in pair.ends] == [State.OPEN, State.OPEN]


def test_silent_other_end_is_lost_after_a_while() -> None:
    pair = opened()
    pair.loss = 1.0

    states = []
    for moment in (IDLE, 1.0 + IDLE + KEEPALIVE):
        pair.run(moment)
        states.append(pair.ends[0].state)

    assert states == [State.OPEN, State.LOST]


def test_closing_tells_the_other_end() -> None:
    pair = opened()

    *_, datagram = pair.ends[0].close(now=1.0)

    assert datagram == encode_close(pair.ends[1].own_id)
    assert pair.ends[1].receive_datagram(datagram, now=1.0) == []
    assert pair.ends[1].state is State.CLOSED
    assert pair.ends[0].close(now=1.0) == []
    assert pair.ends[1].close(now=1.0) == []


def test_ended_session_takes_nothing_in_any_more() -> None:
    """What came late would take memory that nobody gives back."""
    pair = opened()
    near, far = pair.ends
    near.push(bytes(2000), Mode.RELIABLE)
    first, *_ = near.datagrams_to_send(now=1.0)
    far.close(now=1.0)

    with pytest.raises(ParseError) as refused:
        far.receive_datagram(first, now=1.0)

    assert refused.value.reason is DropReason.UNKNOWN_SESSION


def test_closing_acknowledges_what_has_arrived() -> None:
    pair = opened()
    near, far = pair.ends
    near.push(b"last words", Mode.RELIABLE)
    for datagram in near.datagrams_to_send(now=1.0):
        far.receive_datagram(datagram, now=1.0)
    assert not near.is_idle

    near.receive_datagram(far.close(now=1.0)[0], now=1.0)

    assert near.is_idle


def test_closing_before_the_other_end_is_known_tells_nobody() -> None:
    assert PipeSession(numbered(), now=0.0).close(now=0.0) == []


def test_cookie_is_shown_at_once_and_only_the_first_is_taken() -> None:
    session = PipeSession(numbered(), now=0.0)
    session.datagrams_to_send(now=0.0)

    session.receive_datagram(encode_cookie(Cookie(session.own_id, b"c" * 16)), now=0.01)
    (hello,) = session.datagrams_to_send(now=0.01)

    assert decode(hello) == Hello(session.own_id, bytes(8), b"c" * 16)
    forged = encode_cookie(Cookie(session.own_id, b"f" * 16))
    assert refusal(session, forged) is DropReason.UNKNOWN_SESSION


def test_forged_datagrams_change_nothing() -> None:
    pair = opened()
    session = pair.ends[0]
    stranger = encode_hello(Hello(b"stranger"))
    confused = encode_hello(Hello(pair.ends[1].own_id, b"somebody"))

    assert refusal(session, stranger) is DropReason.UNKNOWN_SESSION
    assert refusal(session, confused) is DropReason.UNKNOWN_SESSION
    assert refusal(session, encode_hello(Hello(session.own_id))) is DropReason.UNEXPECTED_SOURCE
    assert refusal(session, encode_close(b"somebody")) is DropReason.UNKNOWN_SESSION
    assert refusal(session, encode_frame(b"somebody", b"")) is DropReason.UNKNOWN_SESSION
    assert session.state is State.OPEN


def test_frame_before_any_hello_is_refused() -> None:
    session = PipeSession(numbered(), now=0.0)

    reason = refusal(session, encode_frame(session.own_id, b"\0\0"))

    assert reason is DropReason.UNKNOWN_SESSION


def test_repeated_hello_is_answered_once_each_flush() -> None:
    session = PipeSession(numbered(), now=0.0)
    session.datagrams_to_send(now=0.0)
    for _ in range(50):
        session.receive_datagram(encode_hello(Hello(b"otherend")), now=0.01)
    assert session.next_timeout(now=0.01) == 0.01

    datagrams = session.datagrams_to_send(now=0.01)

    assert len(datagrams) == 2  # the answer, and our own that was due at once
    assert {decode(each) for each in datagrams} == {Hello(session.own_id, b"otherend")}


def test_session_of_a_listener_knows_the_other_end_from_the_start() -> None:
    session = PipeSession(numbered(), now=0.0, peer=b"otherend")
    session.push(b"early", Mode.RELIABLE)

    kinds = [type(decode(each)) for each in session.datagrams_to_send(now=0.0)]

    assert kinds == [Hello, Frame]
