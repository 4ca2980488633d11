"""How much the receiver has room for (flow control).

A reliable message counts its payload and MESSAGE_COST, so that tiny ones cost what it takes
to keep them. Source: protocol_spec/SPEC.md section 16.12.
"""

from packhorse.core.delivery.pieces import UNCOUNTED, Piece
from packhorse.wire.constants import MESSAGE_COST, RECEIVE_WINDOW
from packhorse.wire.frames import encode_credit

_KIB = 1024
_STEP = RECEIVE_WINDOW // 8  # bytes consumed after which the sender is told


class Credit:
    """Both directions: what the peer grants us, and what we grant it."""

    def __init__(self) -> None:
        self._granted = RECEIVE_WINDOW  # bytes since the beginning, by the peer
        self._spent = 0
        self._arrived = 0  # bytes since the beginning, each piece and each message counted once
        self._consumed = 0
        self._told = 0

    @property
    def left(self) -> int:
        """Bytes that the peer has room for."""
        return self._granted - self._spent

    def spend(self, size: int) -> None:
        """Note that a message of this cost, bytes, was begun."""
        self._spent += size

    def may_arrive(self, size: int) -> bool:
        """Tell whether `size` bytes that have not arrived before are within what was granted."""
        return self._arrived + size <= _whole_kib(self._told + RECEIVE_WINDOW) * _KIB

    def arrive(self, size: int) -> None:
        """Note that `size` bytes have arrived for the first time."""
        self._arrived += size

    def grant(self, kibibytes: int) -> None:
        """Take in a CREDIT frame; an older one changes nothing."""
        self._granted = max(self._granted, kibibytes * _KIB)

    def consume(self, size: int) -> Piece | None:
        """Note that the application took a message; return a CREDIT frame when it is time."""
        self._consumed += size + MESSAGE_COST
        if self._consumed - self._told < _STEP:
            return None
        self._told = self._consumed
        frame = encode_credit(_whole_kib(self._consumed + RECEIVE_WINDOW))
        return Piece(frame, b"", UNCOUNTED, 0, is_control=True)


def _whole_kib(size: int) -> int:
    return size // _KIB
