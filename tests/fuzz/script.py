"""A fuzzer's bytes, read as choices: what to do next, and with what."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

_LONG: Final = 0xF0  # a length from here on has another byte
_MAX_STEPS: Final = 300


class Script:
    """Reads from the front; when all is used up, every choice is the first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_over(self) -> bool:
        """Tell whether all bytes are used up."""
        return self._at >= len(self._data)

    def number(self, size: int = 1) -> int:
        """Read an unsigned integer of `size` bytes."""
        taken = self._data[self._at : self._at + size]
        self._at += size
        return int.from_bytes(taken.ljust(size, b"\0"), "big")

    def pick(self, options: Sequence[T]) -> T:
        """Choose one of `options`."""
        return options[self.number() % len(options)]

    def blob(self) -> bytes:
        """Read up to 4095 bytes, with their length before them."""
        length = self.number()
        if length >= _LONG:
            length = (length - _LONG) << 8 | self.number()
        taken = self._data[self._at : self._at + length]
        self._at += length
        return taken

    def rest(self) -> bytes:
        """Read all that is left."""
        taken = self._data[self._at :]
        self._at = len(self._data)
        return taken

    def play(self, steps: Mapping[str, Callable[["Script"], object]]) -> None:
        """Choose and take steps until all bytes are used up."""
        options = list(steps.values())
        for _ in range(_MAX_STEPS):
            if self.is_over:
                return
            self.pick(options)(self)


def blob(data: bytes) -> bytes:
    """Return the bytes that `Script.blob` reads as `data`."""
    length = len(data)
    head = [length] if length < _LONG else [_LONG | length >> 8, length & 0xFF]
    return bytes(head) + data


def written(steps: Sequence[str], *choices: str | int | bytes) -> bytes:
    """Return the bytes that are read as `choices`: steps by name, numbers and blobs."""
    parts = []
    for choice in choices:
        if isinstance(choice, bytes):
            parts.append(blob(choice))
        else:
            parts.append(bytes([steps.index(choice) if isinstance(choice, str) else choice]))
    return b"".join(parts)
