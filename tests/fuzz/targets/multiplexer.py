"""The streams of a middleman: messages of hostile peers, the program's bytes, and time."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from packhorse.core.streams.format import (
    FIRST_CHANNEL,
    INITIAL_WINDOW,
    StreamKind,
    decode_stream_message,
    encode_data,
    encode_window,
)
from packhorse.core.streams.multiplexer import MAX_STREAMS_PER_PEER, Multiplexer
from packhorse.core.streams.stream import Stream
from packhorse.core.streams.window import GROWTH_BUDGET, MAX_WINDOW
from packhorse.wire.errors import ParseError
from tests.fuzz.oracles import advance, check
from tests.fuzz.script import Script, written

_PEERS: Final = (1, 2)
_CHANNELS: Final = (16, 17, 18, 255, 0, 15)
_WAITS: Final = (1.0, 21.0, 100.0)  # seconds
_SIZES: Final = (1, 1000, 40_000, 65_536, 0)  # bytes


class World:
    """What a script can do, and what must hold all the while."""

    def __init__(self, script: Script) -> None:
        options = script.number()
        self._is_opener = bool(options & 1)
        services = None if self._is_opener else 2
        self._multiplexer = Multiplexer(services, max_streams=3 if options & 2 else 1024)
        self._now = 100.0
        self._streams: list[Stream] = []
        self.steps: dict[str, Callable[[Script], None]] = {
            "raw": lambda script: self._give(script, script.blob()),
            "tick": lambda script: self._pass(script.number() / 64),
            "wait": lambda script: self._pass(script.pick(_WAITS)),
            "kind": self._give_kind,
            "bytes": lambda script: self._give(script, encode_data(bytes(script.pick(_SIZES)))),
            "window": lambda script: self._give(script, encode_window(script.number(4))),
            "open": self._open,
            "send": self._send,
            "finish": lambda script: self._do(script, Stream.finish),
            "flushed": lambda script: self._do(script, Stream.flushed),
            "abort": lambda script: self._do(script, Stream.abort),
            "confirm": lambda script: self._do(script, Stream.confirm),
            "take": lambda script: self._do(script, self._take),
            "drain": self._drain_some,
            "forget": lambda script: self._multiplexer.forget(script.pick(_PEERS)),
        }

    def finish(self) -> None:
        """See that nothing is left of peers that are forgotten."""
        self._pass(max(_WAITS))
        for peer in _PEERS:
            self._multiplexer.drain(peer, self._offer)
            self._multiplexer.forget(peer)
        self._check_bounds()
        check(self._multiplexer.count == 0, "streams with nobody")
        check(self._multiplexer.next_timeout() is None, "a deadline for nobody")
        check(self._multiplexer._budget.left == GROWTH_BUDGET, "growth that nobody has")

    # Steps.

    def _give_kind(self, script: Script) -> None:
        kind = script.pick(tuple(StreamKind))
        self._give(script, bytes([kind, script.number()]))

    def _open(self, script: Script) -> None:
        if self._is_opener:
            stream = self._multiplexer.open(script.pick(_PEERS), script.number(), now=self._now)
            self._streams += [] if stream is None else [stream]
        self._check_bounds()

    def _send(self, script: Script) -> None:
        size = script.pick(_SIZES)
        stream = self._stream(script)
        if stream is not None and 0 < size <= stream.allowance:
            stream.send(bytes(size))

    def _take(self, stream: Stream) -> None:
        while stream.take(now=self._now) is not None:
            pass

    def _drain_some(self, script: Script) -> None:
        """Hand out so many messages and no more."""
        left = script.number() % 16

        def offer(channel: int, message: bytes) -> bool:
            nonlocal left
            left -= 1
            return left >= 0 and self._offer(channel, message)

        self._multiplexer.drain(script.pick(_PEERS), offer)
        self._check_bounds()

    # Parts of steps.

    def _give(self, script: Script, message: bytes) -> None:
        peer, channel = script.pick(_PEERS), script.pick(_CHANNELS)
        with suppress(ParseError):
            self._multiplexer.receive(peer, channel, message, now=self._now)
        self._check_bounds()

    def _stream(self, script: Script) -> Stream | None:
        number = script.number()
        return self._streams[number % len(self._streams)] if self._streams else None

    def _do(self, script: Script, act: Callable[[Stream], None]) -> None:
        stream = self._stream(script)
        if stream is not None:
            act(stream)
        self._check_bounds()

    @staticmethod
    def _offer(channel: int, message: bytes) -> bool:
        check(channel >= FIRST_CHANNEL, "channel")
        decode_stream_message(message)
        return True

    def _pass(self, seconds: float) -> None:
        until = self._now + seconds
        machine = self._multiplexer
        advance(machine, lambda _now: self._check_bounds(), now=self._now, until=until)
        self._now = until

    def _check_bounds(self) -> None:
        multiplexer = self._multiplexer
        while (changed := multiplexer.next_changed()) is not None:
            if changed not in self._streams and not changed.is_over:
                self._streams.append(changed)
        by_peer = multiplexer._peers.values()
        check(multiplexer.count == sum(len(each.by_channel) for each in by_peer), "count")
        check(set(multiplexer._peers) <= set(_PEERS), "peers")
        check(0 <= multiplexer._budget.left <= GROWTH_BUDGET, "growth")
        for each in by_peer:
            taken = len(each.free) + (len(each.by_channel) if self._is_opener else 0)
            check(taken <= MAX_STREAMS_PER_PEER, "channels")
            check(len(each.urgent) + len(each.bulk) <= 2 * MAX_STREAMS_PER_PEER, "turns")
        for stream in self._streams:
            size = stream._window.size
            check(INITIAL_WINDOW <= size <= MAX_WINDOW, "window")
            check(sum(map(len, stream._inbox)) <= size, "bytes that wait")


_WAYS: Final = (
    ("kind", 0, 0, 0, 0, "confirm", 0, "bytes", 2, 0, 0, "take", 0, "send", 1, 0, "drain", 9, 0),
    ("kind", 0, 1, 1, 1, "kind", 3, 0, 1, 1, "finish", 0, "take", 0, "flushed", 0, "drain", 9, 1),
    ("kind", 0, 9, 0, 2, "drain", 9, 0, "kind", 5, 1, 0, 2, "kind", 6, 0, 0, 2),
    ("open", 0, 1, "drain", 9, 0, "kind", 1, 0, 0, 0, "send", 3, 0, "drain", 1, 0, "finish", 0),
    ("open", 1, 1, "abort", 0, "open", 1, 1, "wait", 1, "drain", 9, 1, "kind", 5, 0, 1, 0),
    ("open", 0, 0, "drain", 9, 0, "window", 0, 1, 0, 0, 0, 0, "kind", 5, 4, 0, 0, "drain", 9, 0),
    ("raw", b"", 0, 0, "raw", b"\x09", 0, 0, "raw", b"\1", 0, 4, "forget", 0),
)


def seeds() -> Iterable[bytes]:
    """Return a script for each way of a stream, at either end."""
    steps = list(World(Script(b"")).steps)
    for options in range(4):
        yield from (bytes([options]) + written(steps, *way) for way in _WAYS)
        yield bytes([options]) + b"".join(written(steps, *way) for way in _WAYS)


def run(data: bytes) -> None:
    """Play a script against a multiplexer."""
    script = Script(data)
    world = World(script)
    script.play(world.steps)
    world.finish()
