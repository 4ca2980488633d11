"""Two honest delivery layers and a network that loses, doubles and reorders as it likes."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from packhorse.core.delivery.hub import Delivery
from packhorse.wire.constants import HEADER_SIZE, Mode
from packhorse.wire.errors import ParseError
from tests.fuzz.oracles import advance, check
from tests.fuzz.script import Script, written

if TYPE_CHECKING:
    from packhorse.core.delivery.delivered import Delivered

_MAX_PAYLOAD: Final = 1200 - HEADER_SIZE
_RELIABLE: Final = frozenset({Mode.RELIABLE, Mode.RELIABLE_UNORDERED})
_SIZES: Final = (8, 900, 2500, 20_000)  # bytes
_UNDER_WAY: Final = 300  # datagrams; the oldest are lost
_LATENCY: Final = 0.02  # seconds, once the network has become friendly
_SETTLED: Final = 1500  # round trips after which everything has arrived
_NUMBER: Final = 4  # bytes at the start of a message that tell it from all others

Lane = tuple[Mode, int]


class _Side:
    """One end: what it has sent, and what it has got."""

    def __init__(self) -> None:
        self.delivery = Delivery(_MAX_PAYLOAD)
        self.pushed: defaultdict[Lane, list[bytes]] = defaultdict(list)
        self.got: defaultdict[Lane, list[bytes]] = defaultdict(list)
        self.inbox: list[bytes] = []
        """Datagrams under way to this side."""


class World:
    """What a script can do, and what must hold all the while."""

    def __init__(self, _script: Script) -> None:
        self._now = 100.0
        self._sides = (_Side(), _Side())
        self._count = 0
        self.steps = {
            "tick": lambda script: self._pass(script.number() / 512),
            "wait": lambda script: self._pass(script.number() / 16),
            "push": self._push,
            "deliver": lambda script: self._deliver(script, keeps=False),
            "double": lambda script: self._deliver(script, keeps=True),
            "lose": lambda script: self._take(script, keeps=False),
            "all": self._deliver_all,
            "ping": self._ping,
        }

    # What settling needs.

    def next_timeout(self) -> float | None:
        times = [side.delivery.next_timeout(now=self._now) for side in self._sides]
        return min((time for time in times if time is not None), default=None)

    def handle_timeout(self, *, now: float) -> None:
        for side in self._sides:
            side.delivery.handle_timeout(now=now)

    def finish(self) -> None:
        """Let the network become friendly: then everything reliable arrives, once."""
        for _ in range(_SETTLED):
            if all(side.delivery.is_idle for side in self._sides):
                break
            self._pass(_LATENCY)
            for number in range(len(self._sides)):
                self._deliver_all_to(number)
        for number, side in enumerate(self._sides):
            for lane, messages in side.pushed.items():
                if lane[0] in _RELIABLE:
                    got = self._sides[1 - number].got[lane]
                    check(sorted(got) == sorted(messages), "something reliable is missing")
            side.delivery.forget(1)
            check(side.delivery._budget.used == 0, "memory that nobody has")

    # Steps.

    def _push(self, script: Script) -> None:
        side, mode = script.pick(self._sides), script.pick(tuple(Mode))
        channel, size = script.number() >> 6, script.pick(_SIZES)
        if mode in _RELIABLE and not side.delivery.may_push([1]):
            return
        self._count += 1
        data = self._count.to_bytes(_NUMBER, "big").ljust(size, b"\0")
        side.delivery.push(data, 1, mode, channel, now=self._now)
        side.pushed[mode, channel].append(data)
        self._drain(self._now)

    def _ping(self, script: Script) -> None:
        script.pick(self._sides).delivery.ping(1, now=self._now)
        self._drain(self._now)

    def _deliver(self, script: Script, *, keeps: bool) -> None:
        side = script.pick(self._sides)
        payload = self._take_from(side, script, keeps=keeps)
        if payload is not None:
            self._give(side, payload)

    def _take(self, script: Script, *, keeps: bool) -> None:
        self._take_from(script.pick(self._sides), script, keeps=keeps)

    def _deliver_all(self, script: Script) -> None:
        self._deliver_all_to(script.number() % len(self._sides))

    # Parts of steps.

    @staticmethod
    def _take_from(side: _Side, script: Script, *, keeps: bool) -> bytes | None:
        index = script.number()
        if not side.inbox:
            return None
        index %= len(side.inbox)
        return side.inbox[index] if keeps else side.inbox.pop(index)

    def _deliver_all_to(self, number: int) -> None:
        side = self._sides[number]
        payloads, side.inbox = side.inbox, []
        for payload in payloads:
            self._give(side, payload)

    def _give(self, side: _Side, payload: bytes) -> None:
        try:
            delivered = side.delivery.receive(payload, 1, is_fanout=False, now=self._now)
        except ParseError:
            return
        for message in delivered:
            self._got(side, message)
        self._drain(self._now)

    def _got(self, side: _Side, message: "Delivered") -> None:
        other = self._sides[1 - self._sides.index(side)]
        lane = (message.mode, message.channel)
        got, pushed = side.got[lane], other.pushed[lane]
        check(message.data in pushed, "a message that nobody has sent")
        check(message.data not in got or lane[0] is Mode.UNRELIABLE, "a message twice")
        if message.mode is Mode.RELIABLE:
            check(message.data == pushed[len(got)], "order")
        if message.mode is Mode.UNRELIABLE_ORDERED and got:
            check(message.data[:_NUMBER] > got[-1][:_NUMBER], "an old message")
        got.append(message.data)
        side.delivery.consume(1, message.mode, len(message.data))

    def _pass(self, seconds: float) -> None:
        until = self._now + seconds
        advance(self, self._drain, now=self._now, until=until)
        self._now = until

    def _drain(self, now: float) -> None:
        self._now = now
        for side, other in (self._sides, self._sides[::-1]):
            payloads = side.delivery.payloads_to_send(now=now)
            check(all(len(payload) <= _MAX_PAYLOAD for _, payload in payloads), "size")
            other.inbox = (other.inbox + [payload for _, payload in payloads])[-_UNDER_WAY:]


_WAYS: Final = (
    ("push", 0, 2, 0, 3, "all", 1, "tick", 20, "all", 0, "tick", 20, "all", 1, "all", 0),
    ("push", 0, 3, 0, 3, "lose", 1, 0, "lose", 1, 3, "all", 1, "tick", 20, "all", 0, "tick", 50),
    ("push", 1, 1, 0, 2, "push", 1, 1, 0, 0, "deliver", 0, 3, "deliver", 0, 0, "double", 0, 0),
    ("push", 0, 0, 64, 2, "ping", 1, "all", 0, "all", 1, "wait", 32, "push", 1, 2, 255, 2),
    ("push", 0, 2, 0, 3, "wait", 16, "lose", 1, 0, "wait", 99, "lose", 1, 0, "all", 1, "wait", 9),
)


def seeds() -> Iterable[bytes]:
    """Return a script for each way of a message."""
    steps = list(World(Script(b"")).steps)
    yield from (written(steps, *way) for way in _WAYS)
    yield b"".join(written(steps, *way) for way in _WAYS)
    yield b"".join(written(steps, *way) for way in _WAYS[::-1]) * 4


def run(data: bytes) -> None:
    """Play a script against a pair."""
    script = Script(data)
    world = World(script)
    script.play(world.steps)
    world.finish()
