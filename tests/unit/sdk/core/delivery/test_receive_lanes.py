"""All lanes of one sender."""

from packhorse.core.delivery.credit import Credit
from packhorse.core.delivery.delivered import Delivered
from packhorse.core.delivery.memory import MemoryBudget
from packhorse.core.delivery.receive_lanes import ReceiveLanes
from packhorse.wire.constants import MESSAGE_COST, RECEIVE_WINDOW, DropReason, Mode
from packhorse.wire.frames import MessageFrame

PIECE = 1024


def whole(mode: Mode, channel: int, sequence: int, data: bytes = b"x") -> MessageFrame:
    return MessageFrame(mode, channel, sequence, 0, 1, data)


def large(mode: Mode, channel: int, size: int) -> MessageFrame:
    """Return the first piece of a message of `size` bytes."""
    return MessageFrame(mode, channel, 0, 0, size // PIECE, bytes(PIECE))


def lanes(memory: int = 1 << 30) -> ReceiveLanes:
    return ReceiveLanes(MemoryBudget(memory), Credit())


def test_lanes_do_not_wait_for_each_other() -> None:
    frames = [whole(mode, channel, 0) for mode in Mode for channel in (0, 1, 255)]

    delivered, failure = lanes().take([whole(Mode.RELIABLE, 2, 1), *frames])

    assert delivered == [Delivered(b"x", frame.mode, frame.channel) for frame in frames]
    assert failure is None


def test_frame_that_is_refused_does_not_harm_the_others() -> None:
    one = lanes()
    one.take([whole(Mode.RELIABLE, 0, 0)])

    delivered, failure = one.take(
        [whole(Mode.RELIABLE, 0, 0), whole(Mode.RELIABLE, 0, 1), whole(Mode.RELIABLE, 0, 40_000)]
    )

    assert delivered == [Delivered(b"x", Mode.RELIABLE, 0)]
    assert failure is DropReason.LATE_MESSAGE


def test_missing_memory_is_the_worst_reason() -> None:
    late, full = whole(Mode.RELIABLE, 0, 0), large(Mode.RELIABLE, 1, 2 * PIECE)
    one = lanes(memory=PIECE)
    one.take([late])

    failures = [one.take(frames)[1] for frames in ([late, full], [full, late], [late])]

    full_reason = DropReason.REASSEMBLY_FULL
    assert failures == [full_reason, full_reason, DropReason.LATE_MESSAGE]


def test_reliable_memory_of_one_sender_is_bounded() -> None:
    total = MemoryBudget(1 << 30)
    one = ReceiveLanes(total, Credit())

    failures = [one.take([large(Mode.RELIABLE, n, RECEIVE_WINDOW // 4)])[1] for n in range(5)]

    assert failures == [None] * 4 + [DropReason.REASSEMBLY_FULL]
    assert total.used == RECEIVE_WINDOW


def test_unreliable_memory_of_one_sender_is_bounded() -> None:
    total = MemoryBudget(1 << 30)
    one = ReceiveLanes(total, Credit())

    for sequence in range(16):
        for channel in range(256):
            frame = large(Mode.UNRELIABLE, channel, 64 * 1024)
            one.take([frame._replace(sequence=sequence)])

    assert total.used == RECEIVE_WINDOW + RECEIVE_WINDOW // (64 * 1024) * MESSAGE_COST


def test_unfinished_unreliable_messages_do_not_block_reliable_ones() -> None:
    one = lanes()
    for sequence in range(16):
        for channel in range(256):
            frame = large(Mode.UNRELIABLE, channel, 64 * 1024)
            one.take([frame._replace(sequence=sequence)])

    assert one.take([large(Mode.RELIABLE, 0, 16 * 1024 * 1024)]) == ([], None)


def test_memory_of_all_senders_is_bounded() -> None:
    total = MemoryBudget(RECEIVE_WINDOW)
    senders = [ReceiveLanes(total, Credit()) for _ in range(5)]

    failures = [one.take([large(Mode.RELIABLE, 0, RECEIVE_WINDOW // 4)])[1] for one in senders]

    assert failures == [None] * 4 + [DropReason.REASSEMBLY_FULL]
    assert total.used == RECEIVE_WINDOW


def test_closing_gives_all_memory_back() -> None:
    total = MemoryBudget(1 << 30)
    one = ReceiveLanes(total, Credit())
    one.take([large(mode, channel, 4 * PIECE) for mode in Mode for channel in range(3)])
    assert total.used == 12 * 4 * PIECE + 6 * MESSAGE_COST

    one.close()

    assert total.used == 0
