"""Unreliable frames to many at once: numbers and lanes of their own, no acknowledgements."""

from packhorse.core.delivery.credit import Credit
from packhorse.core.delivery.delivered import Delivered
from packhorse.core.delivery.memory import MemoryBudget
from packhorse.core.delivery.outgoing import Outgoing
from packhorse.core.delivery.packing import join_frames, largest_piece, take_fitting
from packhorse.core.delivery.receive_lanes import ReceiveLanes
from packhorse.core.delivery.received import ReceivedNumbers
from packhorse.core.delivery.serial import HALF
from packhorse.wire.constants import DropReason, Mode
from packhorse.wire.errors import ParseError
from packhorse.wire.frames import NUMBER_SIZE, RELIABLE_MODES, decode_frames, encode_prefix


class FanOutSender:
    """Frames to destinations that name several peers; one space of numbers for all of them."""

    def __init__(self, max_payload: int) -> None:
        self.generation = 0
        """How often this side was restarted, mod 64."""
        self._max_payload = max_payload
        self._sequences: dict[int, int] = {}
        self._queues: dict[int, Outgoing] = {}
        self._next_number = 0

    @property
    def has_work(self) -> bool:
        """Tell whether frames wait."""
        return bool(self._queues)

    def push(self, data: bytes, to: int, mode: Mode, channel: int) -> None:
        """Queue an unreliable message to destination `to`, 0 or negative."""
        queue = self._queues.get(to)
        if queue is None:
            largest = largest_piece(self._max_payload)
            queue = self._queues[to] = Outgoing(largest, self._sequences)
        queue.push(data, mode, channel)

    def payloads_to_send(self) -> list[tuple[int, bytes]]:
        """Return (destination, payload) of the FRAME datagrams that go out now."""
        queues, self._queues = self._queues, {}
        payloads = []
        for to, queue in queues.items():
            while queue.has_unreliable:
                payloads.append((to, self._next_payload(queue)))
        return payloads

    def _next_payload(self, queue: Outgoing) -> bytes:
        pieces = take_fitting(queue.take_unreliable, self._max_payload - NUMBER_SIZE)
        prefix = encode_prefix(self._next_number, None, asks_ack=False, generation=self.generation)
        self._next_number += 1
        return prefix + join_frames(pieces)


class FanOutReceiver:
    """Copies of what one peer sent to several."""

    def __init__(self, budget: MemoryBudget, *, generation: int = 0) -> None:
        self._generation = generation
        self._received = ReceivedNumbers(HALF)
        self._lanes = ReceiveLanes(budget, Credit(), HALF)  # credit: for reliable messages alone

    def receive(self, payload: bytes, *, now: float) -> list[Delivered]:
        """Return the messages that a fan-out copy completes.

        Raises:
            ParseError: It was received before, or holds what a fan-out must not.
        """
        datagram = decode_frames(payload)
        if datagram.generation != self._generation:
            raise ParseError(DropReason.WRONG_GENERATION)
        if datagram.asks_ack or datagram.ack or datagram.credit is not None:
            raise ParseError(DropReason.BAD_FRAME)
        if any(frame.mode in RELIABLE_MODES for frame in datagram.messages):
            raise ParseError(DropReason.BAD_FRAME)
        if not self._received.is_new(datagram.number):
            raise ParseError(DropReason.DUPLICATE_NUMBER)
        self._received.accept(datagram.number, asks_ack=False, now=now)
        delivered, failure = self._lanes.take(datagram.messages)
        if failure is not None and not delivered:
            raise ParseError(failure)
        return delivered

    def close(self) -> None:
        """Give back all memory."""
        self._lanes.close()
