"""Several frames in one datagram."""

from collections.abc import Callable

from packhorse.core.delivery.pieces import Piece
from packhorse.wire.constants import ACK_REACH, FRAGMENT_SIZE
from packhorse.wire.frames import ACK_SIZE, LENGTH_SIZE, NUMBER_SIZE, with_length

_PIECE_HEAD = 8  # bytes before the payload of a piece, at most
_SMALLEST_ROOM = 24  # bytes; less is not worth looking for a piece that fits


def largest_piece(max_payload: int) -> int:
    """Return the bytes of payload in one piece, so that it fits beside a usual acknowledgement."""
    overhead = NUMBER_SIZE + ACK_SIZE + ACK_REACH // 8 + _PIECE_HEAD + LENGTH_SIZE
    return min(FRAGMENT_SIZE, max_payload - overhead)


def take_fitting(take: Callable[[int], Piece | None], room: int) -> list[Piece]:
    """Return pieces from `take(room for one piece)` until none fits into `room` bytes."""
    pieces: list[Piece] = []
    while not pieces or room >= _SMALLEST_ROOM:
        piece = take(room - LENGTH_SIZE)
        if piece is None:
            break
        pieces.append(piece)
        room -= piece.size + LENGTH_SIZE
    return pieces


def join_frames(pieces: list[Piece]) -> bytes:
    """Put frames behind each other; only the last message frame goes without a length."""
    if not pieces:
        return b""
    *others, last = pieces
    parts = []
    for piece in others:
        has_own_end = piece.is_control
        head = piece.head if has_own_end else with_length(piece.head, len(piece.payload))
        parts += [head, piece.payload]
    return b"".join([*parts, last.head, last.payload])
