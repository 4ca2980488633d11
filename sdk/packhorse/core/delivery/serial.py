"""Serial numbers of 16 bits (RFC 1982), kept as unbounded integers inside."""

HALF = 1 << 15
_FULL = 1 << 16


def expand(short: int, reference: int) -> int:
    """Return the integer nearest to `reference` whose lowest 16 bits are `short`."""
    distance = (short - reference) & (_FULL - 1)
    return reference + (distance - _FULL if distance >= HALF else distance)
