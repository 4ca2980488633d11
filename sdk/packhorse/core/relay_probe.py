"""Measures the way to a relay without becoming anything there: HELLO, and its answer.

A relay answers HELLO by CHALLENGE and forgets it, so that probing costs it nothing; it
answers five a second for each address.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from packhorse.wire import constants as c
from packhorse.wire.constants import Kind
from packhorse.wire.ctrl import encode_padded
from packhorse.wire.errors import ParseError
from packhorse.wire.header import decode_header
from packhorse.wire.messages import Hello

_MAX_OPEN: Final = 64  # probes whose answer is awaited; the oldest gives way


class RelayProbe:
    """Numbers probes by their transaction and takes the time of the answers."""

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._open: OrderedDict[int, tuple[int, float]] = OrderedDict()
        self._count = 0

    def next_request(self, *, size: int = c.MAX_DATAGRAM_FALLBACK, now: float) -> bytes:
        """Return the next probe, to be sent now; they are numbered from 1.

        Args:
            size: Bytes of the datagram, 256 or more.
            now: Clock seconds.
        """
        self._count += 1
        transaction = int.from_bytes(self._random_bytes(4), "big") or 1  # 0 is that of NUDGE
        self._open[transaction] = (self._count, now)
        if len(self._open) > _MAX_OPEN:
            self._open.popitem(last=False)
        hello = Hello(
            version_min=c.WIRE_VERSION,
            version_max=c.WIRE_VERSION,
            features=c.KNOWN_FEATURES,
            nonce=self._random_bytes(c.NONCE_SIZE),
        )
        return encode_padded(hello, transaction, size)

    def receive(self, data: bytes, *, now: float) -> tuple[int, float] | None:
        """Return which probe a datagram answers and how many seconds that took, or None."""
        try:
            header = decode_header(data)
        except ParseError:
            return None
        if header.kind is not Kind.CTRL:
            return None
        number, sent_at = self._open.pop(header.word, (0, now))
        return (number, now - sent_at) if number else None
