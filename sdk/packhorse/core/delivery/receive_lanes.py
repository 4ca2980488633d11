"""All lanes of one sender."""

from packhorse.core.delivery.credit import Credit
from packhorse.core.delivery.delivered import Delivered
from packhorse.core.delivery.incoming import ReceiveLane
from packhorse.core.delivery.memory import MemoryBudget, PeerMemory
from packhorse.core.delivery.pieces import lane_key
from packhorse.wire.constants import DropReason, Mode
from packhorse.wire.errors import ParseError
from packhorse.wire.frames import RELIABLE_MODES, MessageFrame


class ReceiveLanes:
    """Frames in, messages out; each frame stands or falls alone."""

    def __init__(self, budget: MemoryBudget, credit: Credit, first: int = 0) -> None:
        """Start; `first` is the reference of the first sequences (SPEC.md section 16.3)."""
        self._first = first
        self._credit = credit
        self._reliable = PeerMemory(budget, is_reliable=True)
        # Of its own: nobody finishes what was lost of unreliable messages and gives it back.
        self._unreliable = PeerMemory(budget, is_reliable=False)
        self._lanes: dict[int, ReceiveLane] = {}

    def take(self, frames: list[MessageFrame]) -> tuple[list[Delivered], DropReason | None]:
        """Return the messages that frames complete, and the worst reason why some did not count.

        The worst is `reassembly_full`: such a frame has to come again.
        """
        delivered: list[Delivered] = []
        failure: DropReason | None = None
        for frame in frames:
            lane = self._lane(frame.mode, frame.channel)
            try:
                for data in lane.receive(frame):
                    delivered.append(Delivered(data, frame.mode, frame.channel))  # noqa: PERF401
            except ParseError as error:
                is_worse = error.reason is DropReason.REASSEMBLY_FULL
                failure = error.reason if failure is None or is_worse else failure
        return delivered, failure

    def close(self) -> None:
        """Give back all memory."""
        for lane in self._lanes.values():
            lane.close()

    def _lane(self, mode: Mode, channel: int) -> ReceiveLane:
        key = lane_key(mode, channel)
        lane = self._lanes.get(key)
        if lane is None:
            memory = self._reliable if mode in RELIABLE_MODES else self._unreliable
            lane = self._lanes[key] = ReceiveLane(mode, memory, self._credit, self._first)
        return lane
