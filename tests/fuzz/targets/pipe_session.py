"""A pipe over datagrams: an honest other end, strangers, a network that loses, and time."""

from collections.abc import Iterable
from typing import Final

from packhorse.core.pipes.greeting import (
    COOKIE_SIZE,
    ID_SIZE,
    NO_ID,
    Cookie,
    Hello,
    decode,
    encode_close,
    encode_cookie,
    encode_frame,
    encode_hello,
)
from packhorse.core.pipes.pipe_session import IDLE, MAX_DATAGRAM, PipeSession, State
from packhorse.wire.constants import (
    MAX_RELIABLE_MESSAGE,
    MAX_UNRELIABLE_MESSAGE,
    REASSEMBLY_TOTAL,
    Mode,
)
from packhorse.wire.frames import RELIABLE_MODES
from tests.fuzz.oracles import advance, check, decoded
from tests.fuzz.script import Script, written

_WAITS: Final = (1.0, 11.0, 16.0, 46.0)  # seconds
_SIZES: Final = (1, 900, 5000, 40_000)  # bytes
_UNDER_WAY: Final = 100  # datagrams; the oldest are lost
_MOST_QUEUED: Final = 1 << 18  # bytes that a pipe lets wait
_ENDED: Final = frozenset({State.CLOSED, State.LOST})


class _End:
    """One end, and the datagrams that are under way to it."""

    def __init__(self, number: int, peer: bytes) -> None:
        self.session = PipeSession(lambda size: bytes([number] * size), now=100.0, peer=peer)
        self.inbox: list[bytes] = []
        self.ended_as: State | None = None


class World:
    """What a script can do, and what must hold all the while."""

    def __init__(self, script: Script) -> None:
        self._now = 100.0
        knows = bool(script.number() & 1)
        first = _End(1, NO_ID)
        self._ends = (first, _End(2, first.session.own_id if knows else NO_ID))
        self._ids = (*(end.session.own_id for end in self._ends), NO_ID, bytes([3] * ID_SIZE))
        self.steps = {
            "raw": lambda script: self._give(script.pick(self._ends), script.blob()),
            "tick": lambda script: self._pass(script.number() / 64),
            "wait": lambda script: self._pass(script.pick(_WAITS)),
            "deliver": self._deliver,
            "lose": lambda script: self._take(script.pick(self._ends), script),
            "hello": self._hello,
            "cookie": self._cookie,
            "frame": self._frame,
            "closed": self._closed,
            "push": self._push,
            "probe": lambda script: script.pick(self._ends).session.probe(),
            "path": lambda script: script.pick(self._ends).session.change_path(now=self._now),
            "close": self._close,
        }

    # What settling needs.

    def next_timeout(self) -> float | None:
        times = [end.session.next_timeout(now=self._now) for end in self._ends]
        return min((time for time in times if time is not None), default=None)

    def handle_timeout(self, *, now: float) -> None:
        for end in self._ends:
            end.session.handle_timeout(now=now)

    def finish(self) -> None:
        """See that an end whose other end is silent gives up, and keeps nothing."""
        self._pass(IDLE + 1)
        for end in self._ends:
            check(end.session.state in _ENDED, "an end that waits for ever")
            check(end.session.close(now=self._now) == [], "datagrams after the end")
            check(_memory(end) == 0, "memory after the end")

    # Steps.

    def _deliver(self, script: Script) -> None:
        end = script.pick(self._ends)
        datagram = self._take(end, script)
        if datagram is not None:
            self._give(end, datagram)

    def _hello(self, script: Script) -> None:
        end, own = script.pick(self._ends), script.pick(self._ids)
        peer = script.pick(self._ids)
        cookie = script.blob()[:COOKIE_SIZE].ljust(COOKIE_SIZE, b"\0")
        self._give(end, encode_hello(Hello(own, peer, cookie)))

    def _cookie(self, script: Script) -> None:
        end, asker = script.pick(self._ends), script.pick(self._ids)
        self._give(end, encode_cookie(Cookie(asker, bytes([script.number()] * COOKIE_SIZE))))

    def _frame(self, script: Script) -> None:
        end, receiver = script.pick(self._ends), script.pick(self._ids)
        self._give(end, encode_frame(receiver, script.blob()))

    def _closed(self, script: Script) -> None:
        end = script.pick(self._ends)
        self._give(end, encode_close(script.pick(self._ids)))

    def _push(self, script: Script) -> None:
        end, mode, size = script.pick(self._ends), script.pick(tuple(Mode)), script.pick(_SIZES)
        if end.session.state not in _ENDED and end.session.queued_bytes < _MOST_QUEUED:
            end.session.push(bytes(size), mode)
        self._drain(self._now)

    def _close(self, script: Script) -> None:
        end = script.pick(self._ends)
        self._send(end, end.session.close(now=self._now))
        check(end.session.state in _ENDED, "closing does not end it")
        self._drain(self._now)

    # Parts of steps.

    def _take(self, end: _End, script: Script) -> bytes | None:
        index = script.number()
        return end.inbox.pop(index % len(end.inbox)) if end.inbox else None

    def _give(self, end: _End, data: bytes) -> None:
        for message in decoded(lambda: end.session.receive_datagram(data, now=self._now)) or []:
            is_reliable = message.mode in RELIABLE_MODES
            limit = MAX_RELIABLE_MESSAGE if is_reliable else MAX_UNRELIABLE_MESSAGE
            check(len(message.data) <= limit, "size of a message")
            check(end.ended_as is None, "a message after the end")
            if is_reliable:
                end.session.consume(len(message.data))
        check(len(end.session._replies) <= 1, "answers that wait")
        self._drain(self._now)

    def _pass(self, seconds: float) -> None:
        until = self._now + seconds
        self._drain(self._now)
        advance(self, self._drain, now=self._now, until=until)
        self._now = until

    def _drain(self, now: float) -> None:
        self._now = now
        for end in self._ends:
            self._send(end, end.session.datagrams_to_send(now=now))
            self._check_end(end)

    def _send(self, end: _End, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            check(len(datagram) <= MAX_DATAGRAM, "size of a datagram")
            decode(datagram)
        other = self._ends[1 - self._ends.index(end)]
        other.inbox = (other.inbox + datagrams)[-_UNDER_WAY:]

    def _check_end(self, end: _End) -> None:
        state = end.session.state
        check(0 <= _memory(end) <= REASSEMBLY_TOTAL, "memory")
        check(end.ended_as in {None, state}, "a state after the last one")
        if state in _ENDED:
            end.ended_as = state
            check(end.session.next_timeout(now=self._now) is None, "a deadline after the end")


def _memory(end: _End) -> int:
    whole = end.session._delivery._lanes._reliable._payload._whole
    return whole.used if whole is not None else 0


_MEET: Final = ("tick", 0, "deliver", 1, 0, "deliver", 0, 0, "deliver", 1, 0, "deliver", 0, 0)
_WAYS: Final = (
    (*_MEET, "push", 0, 2, 2, "deliver", 1, 0, "deliver", 1, 0, "tick", 9, "deliver", 0, 0),
    (*_MEET, "tick", 9, "close", 0, "deliver", 1, 0, "deliver", 1, 0, "wait", 3),
    (*_MEET, "wait", 2, "deliver", 1, 0, "deliver", 0, 0, "path", 0, "probe", 1, "wait", 3),
    (*_MEET, "push", 1, 0, 1, "deliver", 0, 1, "lose", 0, 0, "push", 1, 3, 3, "wait", 0),
    ("cookie", 0, 0, 7, "tick", 1, "hello", 0, 1, 0, b"", "hello", 0, 3, 0, b"", "tick", 9),
    ("hello", 0, 0, 1, b"", "hello", 0, 2, 0, b"", "closed", 0, 3, "closed", 0, 0, "frame", 0, 0),
    (*_MEET, "frame", 0, 0, bytes.fromhex("03000102ff0000"), "raw", 0, b"\1\2", "closed", 1, 1),
)


def seeds() -> Iterable[bytes]:
    """Return a script for each way of a pipe, whether one end was found first or not."""
    steps = list(World(Script(b"")).steps)
    for knows in range(2):
        yield from (bytes([knows]) + written(steps, *way) for way in _WAYS)
        yield bytes([knows]) + b"".join(written(steps, *way) for way in _WAYS)


def run(data: bytes) -> None:
    """Play a script against two ends."""
    script = Script(data)
    world = World(script)
    script.play(world.steps)
    world.finish()
