"""Frames of one peer become messages again: pieces joined, order kept, doubles dropped."""

from collections.abc import Iterator
from typing import Final

from packhorse.core.delivery.credit import Credit
from packhorse.core.delivery.serial import expand
from packhorse.wire.constants import (
    LANE_WINDOW,
    MAX_RELIABLE_MESSAGE,
    MAX_UNFINISHED,
    MAX_UNRELIABLE_MESSAGE,
    DropReason,
    Mode,
)
from packhorse.wire.errors import ParseError
from packhorse.wire.frames import MessageFrame

_RELIABLE: Final = frozenset({Mode.RELIABLE, Mode.RELIABLE_UNORDERED})


class MemoryBudget:
    """Bytes of unfinished and unordered messages: a cap for each peer within one for all."""

    __slots__ = ("_limit", "_whole", "used")

    def __init__(self, limit: int, whole: "MemoryBudget | None" = None) -> None:
        self._limit = limit
        self._whole = whole
        self.used = 0

    def acquire(self, size: int) -> bool:
        """Take `size` bytes; False when they are not there."""
        if self.used + size > self._limit:
            return False
        if self._whole is not None and not self._whole.acquire(size):
            return False
        self.used += size
        return True

    def release(self, size: int) -> None:
        """Give back `size` bytes."""
        self.used -= size
        if self._whole is not None:
            self._whole.release(size)


class _Unfinished:
    """The pieces of one message that have arrived, and the memory set aside for all of them."""

    __slots__ = ("_pieces", "count", "reserved", "size")

    def __init__(self, count: int, reserved: int) -> None:
        self.count = count
        self.reserved = reserved
        self.size = 0
        self._pieces: dict[int, bytes] = {}

    @property
    def is_complete(self) -> bool:
        return len(self._pieces) == self.count

    def has(self, part: int) -> bool:
        """Tell whether a piece is there already."""
        return part in self._pieces

    def add(self, frame: MessageFrame) -> None:
        """Take in a piece that is not there yet."""
        self._pieces[frame.part] = frame.payload
        self.size += len(frame.payload)

    def join(self) -> bytes:
        return b"".join(self._pieces[index] for index in range(self.count))


class ReceiveLane:
    """One lane of one peer; what comes out keeps the promise of its mode."""

    def __init__(self, mode: Mode, budget: MemoryBudget, credit: Credit) -> None:
        self._mode = mode
        self._credit = credit
        self._is_reliable = mode in _RELIABLE
        self._largest = MAX_RELIABLE_MESSAGE if self._is_reliable else MAX_UNRELIABLE_MESSAGE
        self._budget = budget
        self._next = 0  # reliable: all before it are done; ordered: nothing before it is wanted
        self._done: dict[int, bytes] = {}  # complete but early; empty bytes where delivered
        self._unfinished: dict[int, _Unfinished] = {}

    def receive(self, frame: MessageFrame) -> Iterator[bytes]:
        """Yield the messages that `frame` completes or lets through.

        Raises:
            ParseError: The frame is late, doubled, does not fit or finds no memory.
        """
        if (frame.parts - 1) * len(frame.payload) >= self._largest:
            raise ParseError(DropReason.BAD_FRAGMENT)
        sequence = expand(frame.sequence, self._next)
        if self._mode is Mode.UNRELIABLE and frame.parts == 1:
            yield frame.payload
        elif self._is_reliable:
            yield from self._receive_reliable(sequence, frame)
        else:
            yield from self._receive_unreliable(sequence, frame)

    def _receive_reliable(self, sequence: int, frame: MessageFrame) -> Iterator[bytes]:
        if sequence < self._next or sequence in self._done:
            raise ParseError(DropReason.LATE_MESSAGE)
        if sequence >= self._next + LANE_WINDOW:
            raise ParseError(DropReason.BAD_FRAGMENT)
        data = self._join(sequence, frame)
        if data is None:
            return
        is_ordered = self._mode is Mode.RELIABLE
        is_early = is_ordered and sequence != self._next
        if is_early and not self._budget.acquire(len(data)):
            raise ParseError(DropReason.REASSEMBLY_FULL)
        if frame.parts == 1:
            self._credit.arrive(len(data))
        if not is_ordered:
            yield data
        self._done[sequence] = data if is_ordered else b""
        while self._next in self._done:
            ready = self._done.pop(self._next)
            if is_ordered:
                if self._next != sequence:
                    self._budget.release(len(ready))
                yield ready
            self._next += 1

    def _receive_unreliable(self, sequence: int, frame: MessageFrame) -> Iterator[bytes]:
        is_ordered = self._mode is Mode.UNRELIABLE_ORDERED
        if is_ordered and sequence < self._next:
            raise ParseError(DropReason.LATE_MESSAGE)
        data = self._join(sequence, frame)
        if data is not None:
            self._next = max(self._next, sequence + 1)
            if is_ordered:
                self._forget_before(sequence)
            yield data

    def _join(self, sequence: int, frame: MessageFrame) -> bytes | None:
        if frame.parts == 1:
            self._check_credit(frame)
            if sequence in self._unfinished:
                self._forget(sequence)
            return frame.payload
        unfinished = self._unfinished.get(sequence)
        if unfinished is None:
            unfinished = self._start(sequence, frame)
        self._add_piece(unfinished, frame)
        if not unfinished.is_complete:
            return None
        self._forget(sequence)
        return unfinished.join()

    def _add_piece(self, unfinished: _Unfinished, frame: MessageFrame) -> None:
        size = unfinished.size + len(frame.payload)
        if unfinished.count != frame.parts or size > self._largest:
            raise ParseError(DropReason.BAD_FRAGMENT)
        if unfinished.has(frame.part):
            raise ParseError(DropReason.LATE_MESSAGE)
        self._check_credit(frame)
        missing = max(0, size - unfinished.reserved)
        if not self._budget.acquire(missing):
            raise ParseError(DropReason.REASSEMBLY_FULL)
        unfinished.reserved += missing
        unfinished.add(frame)
        if self._is_reliable:
            self._credit.arrive(len(frame.payload))

    def _check_credit(self, frame: MessageFrame) -> None:
        if self._is_reliable and not self._credit.may_arrive(len(frame.payload)):
            raise ParseError(DropReason.REASSEMBLY_FULL)

    def _start(self, sequence: int, frame: MessageFrame) -> _Unfinished:
        """Set memory aside for the whole message, so that what has begun can be finished."""
        if self._is_reliable:
            self._check_credit(frame)
        else:
            self._make_place(sequence)
        size = min(frame.parts * len(frame.payload), self._largest)
        if not self._budget.acquire(size):
            raise ParseError(DropReason.REASSEMBLY_FULL)
        unfinished = self._unfinished[sequence] = _Unfinished(frame.parts, size)
        return unfinished

    def _make_place(self, sequence: int) -> None:
        if sequence < self._next - MAX_UNFINISHED:
            raise ParseError(DropReason.LATE_MESSAGE)
        if len(self._unfinished) >= MAX_UNFINISHED:
            oldest = min(self._unfinished)
            if sequence < oldest:
                raise ParseError(DropReason.LATE_MESSAGE)
            self._forget(oldest)

    def _forget(self, sequence: int) -> None:
        self._budget.release(self._unfinished.pop(sequence).reserved)

    def _forget_before(self, sequence: int) -> None:
        for old in [number for number in self._unfinished if number < sequence]:
            self._forget(old)

    def close(self) -> None:
        """Give back all memory."""
        for sequence in list(self._unfinished):
            self._forget(sequence)
        if self._mode is Mode.RELIABLE:
            self._budget.release(sum(len(data) for data in self._done.values()))
        self._done.clear()
