"""Datagrams that wait to be sent, and the budget for replies to strangers."""

from packhorse.wire.address import TransportAddress, source_of
from packhorse.wire.constants import DropReason
from packhorse_relay.core.buckets import SourceBuckets, TokenBucket
from packhorse_relay.core.drops import DatagramDropped
from packhorse_relay.core.settings import Settings


class Outbox:
    """Collects what must go out; a reply to an unproven address has to be paid for."""

    def __init__(self, settings: Settings, *, now: float) -> None:
        self._datagrams: list[tuple[bytes, TransportAddress]] = []
        self._replies = SourceBuckets(settings.reply_rate, settings.reply_rate)
        self._replies_in_all = TokenBucket(
            settings.reply_rate_total, settings.reply_rate_total, now=now
        )

    def send(self, datagram: bytes, address: TransportAddress) -> None:
        """Queue a datagram for a proven address."""
        self._datagrams.append((datagram, address))

    def reply_unproven(
        self, reply: bytes, request: bytes, address: TransportAddress, *, now: float
    ) -> None:
        """Queue a reply to an address that may be spoofed (SPEC.md JOIN-2).

        Raises:
            DatagramDropped: The reply is larger than the request, or the budget of
                the source or of the relay is used up.
        """
        if not self.try_reply_unproven(reply, request, address, now=now):
            raise DatagramDropped(DropReason.REPLY_BUDGET)

    def try_reply_unproven(
        self, reply: bytes, request: bytes, address: TransportAddress, *, now: float
    ) -> bool:
        """Queue a reply as `reply_unproven` does; False where that raises.

        For requests that are dropped for a reason of their own, reply or not.
        """
        # Asked first and taken last: a flood from one source uses up only its own budget,
        # and a flood from many fills no table once the budget of all is used up.
        is_affordable = len(reply) <= len(request) and not self._replies_in_all.wait(now=now)
        if not (is_affordable and self._replies.take(source_of(address), now=now)):
            return False
        self._replies_in_all.take(now=now)
        self._datagrams.append((reply, address))
        return True

    def drain(self) -> list[tuple[bytes, TransportAddress]]:
        """Return what must go out now and forget it."""
        datagrams, self._datagrams = self._datagrams, []
        return datagrams
