"""Mixed traffic between the two ends of a pair, and the promises that are held to it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import count, islice
from random import Random
from typing import Final

from packhorse.core.delivery.delivered import Delivered
from packhorse.testing import End, Pair
from packhorse.wire.constants import Mode

Lane = tuple[Mode, int]
RELIABLE: Final = (Mode.RELIABLE, Mode.RELIABLE_UNORDERED)
UNRELIABLE: Final = (Mode.UNRELIABLE, Mode.UNRELIABLE_ORDERED)
CHANNELS: Final = (0, 1, 255)
SIZES: Final = (0, 1, 40, 300, 1172, 1173, 1174, 2346, 5000, 40_000)  # bytes


def content(number: int, size: int) -> bytes:
    """Return bytes in which every part tells its message and its place in it."""
    head = number.to_bytes(4)
    pattern = Random(number).randbytes(size)  # noqa: S311 - repeatable by design
    return (head + pattern)[:size]


class Flow:
    """What one end was told to send to the other, and what came out there."""

    def __init__(self, sender: End, receiver: End) -> None:
        self.sent: dict[Lane, list[bytes]] = defaultdict(list)
        self.got: dict[Lane, list[bytes]] = defaultdict(list)
        self._sender = sender
        receiver.on_message = self._take

    def push(self, data: bytes, lane: Lane) -> None:
        """Send a message."""
        self.sent[lane].append(data)
        self._sender.push(data, *lane)

    def check(self) -> None:
        """See that every promise was kept; call it when all is idle."""
        assert self.got.keys() <= self.sent.keys()
        for lane, sent in self.sent.items():
            _CHECKS[lane[0]](self.got[lane], sent)

    def count(self, mode: Mode) -> tuple[int, int]:
        """Return how many messages of a mode were sent, and how many arrived."""
        sent = sum(len(messages) for lane, messages in self.sent.items() if lane[0] is mode)
        return sent, sum(len(messages) for lane, messages in self.got.items() if lane[0] is mode)

    def _take(self, message: Delivered) -> None:
        self.got[message.mode, message.channel].append(message.data)


class Traffic:
    """Random messages of all modes, both ways, from one seed."""

    def __init__(self, pair: Pair, seed: str, modes: Sequence[Mode] = tuple(Mode)) -> None:
        self._modes = modes
        self._random = Random(seed)  # noqa: S311 - repeatable by design
        self._pair = pair
        self._numbers = count()
        self._left_to_send = 0
        self.flows = (Flow(pair.left, pair.right), Flow(pair.right, pair.left))

    def schedule(self, messages: int, *, within: float, sizes: Sequence[int] = SIZES) -> None:
        """Spread messages over the next `within` seconds.

        Args:
            messages: In both directions together.
            within: Seconds.
            sizes: Bytes; one of them, or 0 to 40 bytes more, is drawn for each message.
        """
        for number in islice(self._numbers, messages):
            size = self._random.choice(sizes)
            size += self._random.choice((0, self._random.randrange(40)))
            lane = self._random.choice(self._modes), self._random.choice(CHANNELS)
            flow = self._random.choice(self.flows)
            when = self._pair.clock.now + self._random.random() * within
            self._schedule(flow, content(number, min(size, _limit(lane[0]))), lane, when)

    def run(self, *, within: float) -> float:
        """Let everything arrive, and check it; return the seconds that it took."""
        pair = self._pair
        took = pair.run_until(lambda: not self._left_to_send and pair.is_idle, deadline=within)
        pair.run_for(1.0)  # what is still on its way, doubled or late, must do no harm
        for flow in self.flows:
            flow.check()
        return took

    def close(self) -> None:
        """See that closing gives back all memory."""
        for end in (self._pair.left, self._pair.right):
            end.delivery.close()
            assert end.budget.used == 0

    def _schedule(self, flow: Flow, data: bytes, lane: Lane, when: float) -> None:
        self._left_to_send += 1

        def send() -> None:
            self._left_to_send -= 1
            flow.push(data, lane)

        self._pair.clock.call_at(when, send)


def _limit(mode: Mode) -> int:
    return 1 << 24 if mode in RELIABLE else 65_536


def _is_subsequence(part: Iterable[bytes], whole: Iterable[bytes]) -> bool:
    rest = iter(whole)
    return all(any(data == other for other in rest) for data in part)


def _check_some(got: list[bytes], sent: list[bytes]) -> None:
    assert Counter(got) <= Counter(sent), "a message that was not sent, or a double"


def _check_never_back(got: list[bytes], sent: list[bytes]) -> None:
    assert _is_subsequence(got, sent), "went back, doubled or mixed"


def _check_in_order(got: list[bytes], sent: list[bytes]) -> None:
    assert got == sent, f"{len(got)} of {len(sent)}"


def _check_once(got: list[bytes], sent: list[bytes]) -> None:
    assert Counter(got) == Counter(sent), f"{len(got)} of {len(sent)}"


_CHECKS: Final = {
    Mode.UNRELIABLE: _check_some,
    Mode.UNRELIABLE_ORDERED: _check_never_back,
    Mode.RELIABLE: _check_in_order,
    Mode.RELIABLE_UNORDERED: _check_once,
}
