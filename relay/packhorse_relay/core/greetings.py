"""Which HELLOs are answered: anybody can send them in anybody's name."""

from collections.abc import Callable
from typing import Final

from packhorse.wire.address import source_of
from packhorse.wire.constants import MIN_HELLO_SIZE, DropReason
from packhorse_relay.core.buckets import SourceBuckets
from packhorse_relay.core.drops import DatagramDropped
from packhorse_relay.core.outbox import Answer, Outbox
from packhorse_relay.core.request import Request
from packhorse_relay.core.settings import Settings

BURST: Final = 2.0  # seconds' worth of HELLOs of a source that may come at once
_HALF: Final = 0.5  # of a bucket: above it every HELLO is answered, below it a part of them


class Greetings:
    """Budgets for the answers to HELLO, apart for datagrams and for streams.

    A stream has proven its address, so that a flood of forged datagrams uses up nothing
    that comes by stream. Of the datagrams of a source that says too much, those that are
    answered are picked at random: forged ones have to outnumber the real ones by far before
    none of those is answered. Source: protocol_spec/SPEC.md section 5.1.
    """

    def __init__(
        self,
        settings: Settings,
        outbox: Outbox,
        random_bytes: Callable[[int], bytes],
        stream_listener: int | None,
    ) -> None:
        """Start with full budgets.

        Args:
            settings: Rates.
            outbox: The budgets of all sources together.
            random_bytes: Source of unpredictable bytes.
            stream_listener: The listener whose addresses are proven by TCP, if there is one.
        """
        self._outbox = outbox
        self._random_bytes = random_bytes
        self._stream_listener = stream_listener
        rate = settings.hello_rate
        self._datagrams = SourceBuckets(rate, rate * BURST)
        self._streams = SourceBuckets(rate, rate * BURST)

    def change_settings(self, settings: Settings) -> None:
        """Go by another rate from now on."""
        rate = settings.hello_rate
        for buckets in (self._datagrams, self._streams):
            buckets.change_rate(rate, rate * BURST)

    def screen(self, request: Request) -> None:
        """Pay for the answer to a HELLO, or refuse it.

        Raises:
            DatagramDropped: It has no padding, or a budget is used up.
        """
        if len(request.data) < MIN_HELLO_SIZE:
            raise DatagramDropped(DropReason.NOT_ENOUGH_PADDING)
        is_stream = request.source.listener == self._stream_listener
        kind = Answer.STREAM_GREETING if is_stream else Answer.GREETING
        if not self._outbox.has_any(kind, now=request.now):
            raise DatagramDropped(DropReason.REPLY_BUDGET)
        take = self._streams.take if is_stream else self._take_datagram
        if not take(source_of(request.source), now=request.now):
            raise DatagramDropped(DropReason.RATE_LIMITED)
        self._outbox.spend(kind, request.source, now=request.now)

    def _take_datagram(self, source: bytes, *, now: float) -> bool:
        level = self._datagrams.level(source, now=now)
        is_picked = level >= _HALF or self._random_bytes(1)[0] < 256 * level / _HALF
        return is_picked and self._datagrams.take(source, now=now)
