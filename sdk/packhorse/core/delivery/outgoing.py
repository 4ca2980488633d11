"""What waits to be sent to one peer: repairs first, then all lanes in turn."""

from collections import deque
from typing import Final

from packhorse.core.delivery.pieces import UNCOUNTED, Piece, cut, lane_key
from packhorse.wire.constants import LANE_WINDOW, MESSAGE_COST, Mode
from packhorse.wire.frames import RELIABLE_MODES

_MAX_UNRELIABLE: Final = 1024  # pieces; the oldest give way


class _SendLane:
    """One reliable lane: messages in order, and how many of their pieces are open."""

    __slots__ = ("_oldest", "channel", "messages", "mode", "next_sequence", "open_pieces", "pieces")

    def __init__(self, mode: Mode, channel: int) -> None:
        self.mode = mode
        self.channel = channel
        self.messages: deque[bytes] = deque()
        self.pieces: deque[Piece] = deque()
        self.next_sequence = 0
        self.open_pieces: dict[int, int] = {}  # sequence to pieces not acknowledged
        self._oldest = 0  # sequence; all before it are acknowledged

    def has_work(self, credit: int) -> bool:
        """Tell whether a piece can be taken now; a message begins if the credit covers it."""
        if self.pieces:
            return True
        return bool(self.messages) and self._cost() <= credit and not self._is_stretched()

    def is_uncovered(self, credit: int) -> bool:
        """Tell whether nothing but credit is missing for the next message to begin."""
        return bool(self.messages) and not self._is_stretched() and self._cost() > credit

    def take(self, largest: int, room: int) -> Piece | None:
        """Return the next piece if it fits into `room` bytes; `has_work` must be true."""
        if not self.pieces:
            self._begin(self.messages.popleft(), largest)
        return self.pieces.popleft() if self.pieces[0].size <= room else None

    def _begin(self, message: bytes, largest: int) -> None:
        sequence = self.next_sequence
        self.next_sequence += 1
        self.pieces.extend(cut(message, self.mode, self.channel, sequence, largest))
        self.pieces[0].cost = len(message) + MESSAGE_COST
        self.open_pieces[sequence] = len(self.pieces)

    def acknowledge(self, sequence: int) -> None:
        """Count a piece of a message as arrived."""
        self.open_pieces[sequence] -= 1
        if not self.open_pieces[sequence]:
            del self.open_pieces[sequence]

    def _cost(self) -> int:
        return len(self.messages[0]) + MESSAGE_COST

    def _is_stretched(self) -> bool:
        while self._oldest not in self.open_pieces and self._oldest < self.next_sequence:
            self._oldest += 1
        return self.next_sequence - self._oldest >= LANE_WINDOW


class Outgoing:
    """Queues of one peer; hands out pieces that fit."""

    def __init__(self, largest_piece: int, sequences: dict[int, int] | None = None) -> None:
        self._largest_piece = largest_piece
        self._unreliable: deque[Piece] = deque()
        self._unreliable_sequences = {} if sequences is None else sequences
        self._repairs: deque[Piece] = deque()
        self._lanes: dict[int, _SendLane] = {}
        self._turn: deque[_SendLane] = deque()
        self.queued_bytes = 0
        """Reliable payload that was never sent yet."""

    @property
    def has_unreliable(self) -> bool:
        """Tell whether unreliable pieces wait."""
        return bool(self._unreliable)

    def has_reliable(self, credit: int) -> bool:
        """Tell whether a reliable piece could be sent now."""
        return self.has_repairs or self._next_lane(credit) is not None

    @property
    def has_repairs(self) -> bool:
        """Tell whether lost pieces wait to be sent again."""
        self._skip_acked_repairs()
        return bool(self._repairs)

    def push(self, data: bytes, mode: Mode, channel: int) -> None:
        """Queue a message."""
        if mode in RELIABLE_MODES:
            self._push_reliable(data, mode, channel)
            return
        sequence = self._next_sequence(data, mode, channel)
        for piece in cut(data, mode, channel, sequence, self._largest_piece):
            piece.lane = UNCOUNTED
            self._unreliable.append(piece)
        while len(self._unreliable) > _MAX_UNRELIABLE:
            self._unreliable.popleft()

    def push_control(self, piece: Piece) -> None:
        """Queue a control frame, before everything else."""
        piece.is_waiting = True
        self._repairs.appendleft(piece)

    def take_unreliable(self, room: int) -> Piece | None:
        """Return the next unreliable piece if it fits into `room` bytes."""
        if self._unreliable and self._unreliable[0].size <= room:
            return self._unreliable.popleft()
        return None

    def take_reliable(self, room: int, credit: int) -> Piece | None:
        """Return the next reliable piece if it fits into `room` bytes and into the credit."""
        if self.has_repairs:
            return self._take_repair(room)
        lane = self._next_lane(credit)
        return None if lane is None else self._take_from(lane, room)

    def repair(self, pieces: list[Piece]) -> None:
        """Queue lost pieces to be sent again, before everything else."""
        for piece in pieces:
            if not (piece.is_acked or piece.is_waiting):
                piece.is_waiting = True
                self._repairs.append(piece)

    def acknowledge(self, pieces: list[Piece]) -> None:
        """Note that pieces have arrived."""
        for piece in pieces:
            if piece.is_acked:
                continue
            piece.is_acked = True
            if piece.lane != UNCOUNTED:
                self._lanes[piece.lane].acknowledge(piece.sequence)

    @property
    def is_idle(self) -> bool:
        """Tell whether every reliable message was acknowledged."""
        return all(not (lane.open_pieces or lane.messages) for lane in self._lanes.values())

    def _push_reliable(self, data: bytes, mode: Mode, channel: int) -> None:
        key = lane_key(mode, channel)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _SendLane(mode, channel)
        lane.messages.append(data)
        self.queued_bytes += len(data)
        if lane not in self._turn:
            self._turn.append(lane)

    def _next_sequence(self, data: bytes, mode: Mode, channel: int) -> int:
        """Return the number of an unreliable message; whole ones in mode UNRELIABLE need none."""
        if mode is Mode.UNRELIABLE and len(data) <= self._largest_piece:
            return 0
        key = lane_key(mode, channel)
        sequence = self._unreliable_sequences.get(key, 0)
        self._unreliable_sequences[key] = sequence + 1
        return sequence

    def _take_repair(self, room: int) -> Piece | None:
        if self._repairs[0].size > room:
            return None
        piece = self._repairs.popleft()
        piece.is_waiting = False
        return piece

    def _take_from(self, lane: _SendLane, room: int) -> Piece | None:
        piece = lane.take(self._largest_piece, room)
        if piece is None:
            return None
        self.queued_bytes -= len(piece.payload)
        self._turn.remove(lane)
        if lane.pieces or lane.messages:
            self._turn.append(lane)
        return piece

    def _next_lane(self, credit: int) -> _SendLane | None:
        """Return whose turn it is; a message that waits for credit lets no other begin before."""
        for lane in self._turn:
            if lane.has_work(credit):
                return lane
            if lane.is_uncovered(credit):
                credit = -1
        return None

    def _skip_acked_repairs(self) -> None:
        while self._repairs and self._repairs[0].is_acked:
            self._repairs.popleft().is_waiting = False
