"""The delivery layer: FRAME payloads of hostile peers, the program's messages, and time."""

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from packhorse.core.delivery.hub import Delivery
from packhorse.wire.constants import (
    HEADER_SIZE,
    LANE_WINDOW,
    MAX_ACK_BITMAP,
    MAX_RELIABLE_MESSAGE,
    MAX_UNRELIABLE_MESSAGE,
    REASSEMBLY_TOTAL,
    Mode,
)
from packhorse.wire.errors import ParseError
from packhorse.wire.frames import (
    PING_FRAME,
    Ack,
    MessageFrame,
    decode_frames,
    encode_credit,
    encode_message_head,
    encode_prefix,
    with_length,
)
from tests.fuzz.oracles import advance, check
from tests.fuzz.script import Script, written
from tests.support import vectors

if TYPE_CHECKING:
    from packhorse.core.delivery.delivered import Delivered

_SIZES: Final = (1200, 1406, 256)  # bytes; datagrams
_RELIABLE: Final = frozenset({Mode.RELIABLE, Mode.RELIABLE_UNORDERED})
_PEERS: Final = (2, 3)
_WAITS: Final = (0.5, 2.0, 20.0)  # seconds
_PARTS: Final = (1, 2, 3, 16, 65535)
_LONG: Final = (0, 1, 1000, 5000, 70_000)  # bytes


class World:
    """What a script can do, and what must hold all the while."""

    def __init__(self, script: Script) -> None:
        self._max_payload = script.pick(_SIZES) - HEADER_SIZE
        self._delivery = Delivery(self._max_payload)
        self._now = 100.0
        self._delivered: list[tuple[int, Delivered]] = []
        self._sent: list[tuple[int, bytes]] = []
        self._numbers = dict.fromkeys(_PEERS, 0)
        self.steps = {
            "raw": self._give_raw,
            "tick": lambda script: self._pass(script.number() / 256),
            "wait": lambda script: self._pass(script.pick(_WAITS)),
            "frame": self._give_frame,
            "ack": self._give_ack,
            "credit": self._give_credit,
            "push": self._push,
            "fanout": self._push_fanout,
            "ping": lambda script: self._delivery.ping(script.pick(_PEERS), now=self._now),
            "consume": self._consume,
            "forget": self._forget,
            "echo": self._echo,
        }

    # What settling needs.

    def next_timeout(self) -> float | None:
        return self._delivery.next_timeout(now=self._now)

    def handle_timeout(self, *, now: float) -> None:
        self._delivery.handle_timeout(now=now)

    def finish(self) -> None:
        """See that nothing is left of peers that are forgotten."""
        for seconds in _WAITS:
            self._pass(seconds)
        for peer in _PEERS:
            self._delivery.forget(peer)
        check(self._delivery._budget.used == 0, "memory that nobody has")
        check(not self._delivery._budget._offers, "offers that nobody keeps")
        check(self._delivery.is_idle, "work for nobody")
        check(self.next_timeout() is None, "a deadline for nobody")

    # Steps.

    def _give_raw(self, script: Script) -> None:
        self._give(script.pick(_PEERS), script.blob(), is_fanout=bool(script.number() & 1))

    def _give_frame(self, script: Script) -> None:
        """Give some messages, in a datagram whose number is fresh, or so many off."""
        peer, options = script.pick(_PEERS), script.number()
        prefix = encode_prefix(self._number(peer, options), None, asks_ack=bool(options & 0x10))
        frames = [self._frame(script) for _ in range(1 + script.number() % 4)]
        is_fanout = bool(options & 0x20)
        self._give(peer, prefix + _joined(frames), is_fanout=is_fanout)

    def _give_ack(self, script: Script) -> None:
        peer, largest, delay = script.pick(_PEERS), script.number(2), script.number()
        bitmap = int.from_bytes(script.blob()[:MAX_ACK_BITMAP], "little")
        ack = Ack(largest, delay / 1000, bitmap)
        ping = PING_FRAME if delay & 1 else b""
        self._give(peer, encode_prefix(self._number(peer, 0), ack, asks_ack=bool(ping)) + ping)

    def _give_credit(self, script: Script) -> None:
        peer, kibibytes = script.pick(_PEERS), script.number(4)
        prefix = encode_prefix(self._number(peer, 0), None, asks_ack=False)
        self._give(peer, prefix + encode_credit(kibibytes))

    def _push(self, script: Script) -> None:
        peer, mode, channel = script.pick(_PEERS), script.pick(tuple(Mode)), script.number()
        size = script.pick(_LONG)
        if mode in _RELIABLE and not self._delivery.may_push([peer]):
            return
        limit = MAX_RELIABLE_MESSAGE if mode in _RELIABLE else MAX_UNRELIABLE_MESSAGE
        self._delivery.push(bytes(min(size, limit)), peer, mode, channel, now=self._now)

    def _push_fanout(self, script: Script) -> None:
        mode = script.pick((Mode.UNRELIABLE, Mode.UNRELIABLE_ORDERED))
        size = min(script.pick(_LONG), MAX_UNRELIABLE_MESSAGE)
        self._delivery.push_fanout(bytes(size), -script.number(), mode, script.number())

    def _consume(self, script: Script) -> None:
        if self._delivered:
            index = script.number() % len(self._delivered)
            peer, message = self._delivered.pop(index)
            self._delivery.consume(peer, message.mode, len(message.data))

    def _forget(self, script: Script) -> None:
        peer = script.pick(_PEERS)
        self._delivery.forget(peer)
        self._delivered = [each for each in self._delivered if each[0] != peer]
        self._numbers[peer] = 0

    def _echo(self, script: Script) -> None:
        """Turn an own datagram back at its sender: a peer can say all that we can say."""
        peer, index = script.pick(_PEERS), script.number()
        if self._sent:
            to, payload = self._sent[-1 - index % len(self._sent)]
            self._give(peer, payload, is_fanout=to <= 0)

    # Parts of steps.

    def _number(self, peer: int, off: int) -> int:
        self._numbers[peer] += 1
        return self._numbers[peer] + (0, 0, 0, 1, -1, 300, 40_000, -300)[off & 7]

    def _frame(self, script: Script) -> MessageFrame:
        mode, parts = script.pick(tuple(Mode)), script.pick(_PARTS)
        sequence, part = script.number(2), script.number() % parts
        channel = script.number() >> 5
        size = max(script.number(), int(parts > 1))
        return MessageFrame(mode, channel, sequence, part, parts, bytes(size))

    def _give(self, peer: int, payload: bytes, *, is_fanout: bool = False) -> None:
        with suppress(ParseError):
            delivered = self._delivery.receive(payload, peer, is_fanout=is_fanout, now=self._now)
            self._delivered += [(peer, message) for message in delivered]
            for message in delivered:
                is_reliable = message.mode in _RELIABLE
                limit = MAX_RELIABLE_MESSAGE if is_reliable else MAX_UNRELIABLE_MESSAGE
                check(len(message.data) <= limit, "size of a message")
                check(not (is_reliable and is_fanout), "a reliable message to several")
        self._check_bounds()

    def _pass(self, seconds: float) -> None:
        until = self._now + seconds
        self._drain(self._now)
        advance(self, self._drain, now=self._now, until=until)
        self._now = until

    def _drain(self, now: float) -> None:
        self._now = now
        sent = self._delivery.payloads_to_send(now=now)
        for _, payload in sent:
            check(len(payload) <= self._max_payload, "size of FRAME")
            decode_frames(payload)
        self._sent = (self._sent + sent)[-256:]
        self._check_bounds()

    def _check_bounds(self) -> None:
        check(0 <= self._delivery._budget.used <= REASSEMBLY_TOTAL, "memory")
        for peer in _PEERS:
            measured = self._delivery.statistics(peer)
            check(measured.queued_bytes >= 0, "queued bytes")
            check(0 <= measured.loss <= 1, "loss")
            check(measured.rtt is None or measured.rtt >= 0, "round-trip time")
        for delivery in self._delivery._peers.values():
            check(delivery._sent.bytes_in_flight >= 0, "bytes in flight")
            for lane in delivery._lanes._lanes.values():
                check(len(lane._done) <= LANE_WINDOW, "early messages")


def _joined(frames: list[MessageFrame]) -> bytes:
    heads = [(encode_message_head(frame), frame.payload) for frame in frames]
    parts = [with_length(head, len(payload)) + payload for head, payload in heads[:-1]]
    return b"".join(parts) + heads[-1][0] + heads[-1][1]


_ONE: Final = (0,)  # one frame more than this
_WAYS: Final = (
    ("frame", 0, 0x10, *_ONE, 2, 0, 0, 0, 0, 0, 9, "tick", 40, "consume", 0),
    ("frame", 0, 0x10, *_ONE, 2, 0, 0, 1, 0, 0, 9, "frame", 0, 0x10, *_ONE, 2, 0, 0, 0, 0, 0, 9),
    ("frame", 0, 0x10, *_ONE, 2, 1, 0, 0, 0, 0, 9, "frame", 0, 0x10, *_ONE, 2, 1, 0, 0, 1, 0, 9),
    ("frame", 1, 0x20, *_ONE, 1, 1, 0, 0, 0, 0, 9, "frame", 1, 0x20, *_ONE, 1, 1, 0, 0, 1, 0, 9),
    ("frame", 0, 0x16, *_ONE, 3, 0, 0, 5, 0, 0, 9, "frame", 0, 0x15, *_ONE, 3, 4, 0, 6, 0, 0, 9),
    ("push", 0, 2, 1, 3, "tick", 8, "ack", 0, 0, 3, 5, b"\7", "tick", 90, "ack", 0, 0, 9, 4, b"\1"),
    ("push", 1, 3, 0, 4, "tick", 250, "wait", 1, "wait", 2, "ack", 1, 0, 1, 0, b"", "wait", 0),
    ("push", 0, 2, 1, 4, "tick", 9, "credit", 0, 0, 0, 255, 255, "tick", 200, "push", 0, 2, 1, 4),
    ("fanout", 0, 3, 0, 0, "fanout", 1, 2, 5, 9, "tick", 1, "echo", 0, 0, "echo", 0, 1),
    ("push", 0, 2, 0, 3, "tick", 50, "echo", 1, 0, "echo", 1, 1, "echo", 1, 2, "tick", 99),
    ("ping", 0, "tick", 9, "ack", 0, 0, 0, 1, b"", "forget", 0, "ping", 1, "wait", 3),
)


def seeds() -> Iterable[bytes]:
    """Return a script for each way of a message, and the payloads of the vectors."""
    steps = list(World(Script(b"")).steps)
    for size in range(len(_SIZES)):
        yield from (bytes([size]) + written(steps, *way) for way in _WAYS)
        yield bytes([size]) + b"".join(written(steps, *way) for way in _WAYS)
    for vector in vectors.load("frames"):
        yield b"\0" + written(steps, "raw", 0, vector.data, 0, "tick", 9)


def run(data: bytes) -> None:
    """Play a script against the delivery layer."""
    script = Script(data)
    world = World(script)
    script.play(world.steps)
    world.finish()
