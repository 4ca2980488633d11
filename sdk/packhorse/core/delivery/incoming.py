"""Frames of one peer become messages again: pieces joined, order kept, doubles dropped."""

from collections.abc import Iterator
from functools import partial

from packhorse.core.delivery.credit import Credit
from packhorse.core.delivery.memory import PeerMemory
from packhorse.core.delivery.serial import expand
from packhorse.wire.constants import (
    LANE_WINDOW,
    MAX_RELIABLE_MESSAGE,
    MAX_UNFINISHED,
    MAX_UNRELIABLE_MESSAGE,
    MESSAGE_COST,
    PIECE_COST,
    DropReason,
    Mode,
)
from packhorse.wire.errors import ParseError
from packhorse.wire.frames import RELIABLE_MODES, MessageFrame


class _Unfinished:
    """The pieces of one message that have arrived, and the memory set aside for all of them."""

    __slots__ = ("_pieces", "count", "messages", "reserved", "size")

    def __init__(self, count: int, reserved: int, messages: int) -> None:
        self.count = count
        self.reserved = reserved
        self.messages = messages  # 1 if it takes memory as a message, too
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

    __slots__ = (
        "_credit",
        "_done",
        "_first",
        "_is_reliable",
        "_largest",
        "_memory",
        "_mode",
        "_next",
        "_unfinished",
    )

    def __init__(self, mode: Mode, memory: PeerMemory, credit: Credit, first: int = 0) -> None:
        """Start; `first` is the reference of the first sequence (SPEC.md section 16.3)."""
        self._first = first
        self._mode = mode
        self._credit = credit
        self._is_reliable = mode in RELIABLE_MODES
        self._largest = MAX_RELIABLE_MESSAGE if self._is_reliable else MAX_UNRELIABLE_MESSAGE
        self._memory = memory
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
        sequence = expand(frame.sequence, self._next or self._first)
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
        kept = data if is_ordered else b""
        is_early = sequence != self._next
        if is_early and not self._memory.acquire(len(kept), messages=1):
            raise ParseError(DropReason.REASSEMBLY_FULL)
        if frame.parts == 1:
            self._credit.arrive(len(data) + MESSAGE_COST)
        if not is_ordered:
            yield data
        self._done[sequence] = kept
        while self._next in self._done:
            ready = self._done.pop(self._next)
            if self._next != sequence:
                self._memory.release(len(ready), messages=1)
            if is_ordered:
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
            self._check_credit(len(frame.payload) + MESSAGE_COST)
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
        self._check_credit(len(frame.payload))
        missing = max(0, size - unfinished.reserved)
        if missing and not self._memory.acquire(missing):
            raise ParseError(DropReason.REASSEMBLY_FULL)
        unfinished.reserved += missing
        unfinished.add(frame)
        if self._is_reliable:
            self._credit.arrive(len(frame.payload))

    def _check_credit(self, size: int) -> None:
        if self._is_reliable and not self._credit.may_arrive(size):
            raise ParseError(DropReason.REASSEMBLY_FULL)

    def _start(self, sequence: int, frame: MessageFrame) -> _Unfinished:
        """Set memory aside for the whole message, so that what has begun can be finished."""
        if self._is_reliable:
            self._check_credit(len(frame.payload) + MESSAGE_COST)
        else:
            self._make_place(sequence)
        payload = min(frame.parts * len(frame.payload), self._largest)
        size = max(payload, frame.parts * PIECE_COST)
        messages = 0 if self._is_reliable and sequence == self._next else 1
        if not self._memory.acquire(size, messages=messages):
            raise ParseError(DropReason.REASSEMBLY_FULL)
        unfinished = self._unfinished[sequence] = _Unfinished(frame.parts, size, messages)
        if self._is_reliable:
            self._credit.arrive(MESSAGE_COST)
        else:
            self._memory.offer(unfinished, partial(self._forget, sequence))
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
        unfinished = self._unfinished.pop(sequence)
        self._memory.withdraw(unfinished)
        self._memory.release(unfinished.reserved, messages=unfinished.messages)

    def _forget_before(self, sequence: int) -> None:
        for old in [number for number in self._unfinished if number < sequence]:
            self._forget(old)

    def close(self) -> None:
        """Give back all memory."""
        for sequence in list(self._unfinished):
            self._forget(sequence)
        size = sum(len(data) for data in self._done.values())
        self._memory.release(size, messages=len(self._done))
        self._done.clear()
