"""A datagram on its way through the core."""

from typing import NamedTuple

from packhorse.wire.address import TransportAddress


class Request(NamedTuple):
    """What was received, from where, when, and the u32 of its header."""

    data: bytes
    source: TransportAddress
    word: int
    now: float

    @property
    def transaction(self) -> int:
        """Transaction id of a CTRL request."""
        return self.word
