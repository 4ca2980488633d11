"""Which datagrams asked for an answer on behalf of somebody, and how long each answer took."""

from typing import TYPE_CHECKING, Final

from packhorse.core.delivery.serial import expand
from packhorse.wire.frames import Ack

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_OPEN: Final = 64  # datagrams whose answer is awaited; the oldest gives way


class PingLog:
    """Pings by number; those that share a datagram share its answer."""

    __slots__ = ("_open", "_wanted", "on_answer")

    def __init__(self) -> None:
        self.on_answer: Callable[[int, float], None] = lambda _ping, _rtt: None
        """Called with the number of a ping and its round-trip time in seconds."""
        self._wanted: list[int] = []
        self._open: dict[int, tuple[float, list[int]]] = {}  # by number of the datagram

    @property
    def is_open(self) -> bool:
        """Tell whether an answer is awaited."""
        return bool(self._open)

    def want(self, ping: int) -> None:
        """Note that the next PING is for this one."""
        self._wanted.append(ping)

    def sent(self, number: int, *, now: float) -> None:
        """Note that a datagram with a PING was sent."""
        if self._wanted:
            self._open[number] = (now, self._wanted)
            self._wanted = []
            if len(self._open) > _MAX_OPEN:
                del self._open[next(iter(self._open))]

    def acknowledge(self, ack: Ack, next_number: int, *, now: float) -> None:
        """Answer the pings whose datagrams have arrived.

        Args:
            ack: Of the peer, which is honest about what it has got.
            next_number: Of the next datagram to be sent.
            now: Seconds, monotonic.
        """
        largest = expand(ack.largest, next_number)
        for number in [number for number in self._open if _covers(ack, largest - number)]:
            sent_at, pings = self._open.pop(number)
            delay = ack.delay if number == largest else 0.0
            for ping in pings:
                self.on_answer(ping, max(0.0, now - sent_at - delay))


def _covers(ack: Ack, age: int) -> bool:
    return age == 0 or (age > 0 and bool(ack.bitmap >> (age - 1) & 1))
