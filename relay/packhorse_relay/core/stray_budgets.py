"""Counts what strangers send, and refuses to look at more of it than is worth it."""

from collections.abc import Callable
from typing import Final

from packhorse.wire.address import TransportAddress
from packhorse_relay.core.buckets import TokenBucket
from packhorse_relay.core.flood_sampling import READ_AT_MOST, Counts, Stray, stray_kind
from packhorse_relay.core.forwarding import ForwardingTable

_AT_ONCE: Final = READ_AT_MOST / 20  # of 50 ms; each may take 40 us, and rooms wait meanwhile
_FREELY: Final = 0.5  # of that; from there on chance decides


class StrayBudgets:
    """A budget for each kind of stray, so that a flood of one starves no other.

    The emptier a budget, the smaller the chance of whatever comes: so nobody gets more of it
    by coming first. It holds from the first moment of a flood on, and for what had come
    before the kernel learned to drop most of it.

    Source: protocol_spec/SPEC.md section 10.2.
    """

    def __init__(
        self,
        table: ForwardingTable,
        random: Callable[[], float],
        *,
        stream_listener: int | None,
        with_legacy: bool,
        now: float,
    ) -> None:
        """Begin with full budgets.

        Args:
            table: Knows the addresses of members.
            random: Returns numbers of equal chance, 0..1; no sender gets to see them.
            stream_listener: Of WebSockets, which have limits of their own.
            with_legacy: Others than CTRL and SEAL may come from members of the legacy protocol.
            now: Clock seconds.
        """
        self._table = table
        self._random = random
        self._stream_listener = stream_listener
        self._with_legacy = with_legacy
        self._counts = [0, 0, 0]
        self._budgets = [TokenBucket(READ_AT_MOST, _AT_ONCE, now=now) for _ in Stray]
        self.refused = 0
        """Datagrams that `admit` refused."""

    @property
    def counts(self) -> Counts:
        """Datagrams from addresses without a member, by kind; none of WebSockets."""
        hellos, control, other = self._counts
        return hellos, control, other

    def admit(self, data: bytes, source: TransportAddress, *, now: float) -> bool:
        """Count a datagram, if it is a stray; False: drop it, too many of its kind came."""
        if source.listener == self._stream_listener or self._table.has_endpoint_at(source):
            return True
        kind = stray_kind(data)
        if kind is Stray.OTHER and self._with_legacy:
            return True
        self._counts[kind] += 1
        budget = self._budgets[kind]
        if budget.level(now=now) > _FREELY * self._random() and budget.take(now=now):
            return True
        self.refused += 1
        return False
