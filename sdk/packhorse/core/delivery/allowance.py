"""What the relay lets this member send: once it has said so, reliable frames keep to it."""

from typing import Final

from packhorse.wire.constants import HEADER_SIZE

_SHARE: Final = 0.95  # of what is allowed; the rest is for DATA, which is not counted here
_LATE: Final = 0.025  # seconds' worth that may leave at once: event loops come late


class Allowance:
    """Spaces the FRAME datagrams to all peers together (SPEC.md section 16.13).

    The relay drops what is over. A sender that finds its rate by the losses alone goes on
    sending more than the relay lets through.
    """

    __slots__ = ("_datagram_time", "_octet_time", "next_at")

    def __init__(self) -> None:
        self._octet_time = 0.0  # seconds that a byte takes
        self._datagram_time = 0.0
        self.next_at = 0.0
        """When the next reliable frame may leave, clock seconds."""

    def limit(self, octets: int, datagrams: int) -> None:
        """Take in what the relay allows, headers included, per second; 0 is taken as 1."""
        self._octet_time = 1 / (max(1, octets) * _SHARE)
        self._datagram_time = 1 / (max(1, datagrams) * _SHARE)

    def count(self, size: int, *, now: float) -> None:
        """Note that a FRAME datagram with `size` bytes behind the header leaves."""
        time = max((HEADER_SIZE + size) * self._octet_time, self._datagram_time)
        if time:
            self.next_at = max(self.next_at, now - _LATE) + time
