"""What waits to be sent: repairs first, then the lanes in turn, as far as the credit goes."""

from packhorse.core.delivery.outgoing import Outgoing
from packhorse.core.delivery.pieces import UNCOUNTED, Piece
from packhorse.wire.constants import LANE_WINDOW, MESSAGE_COST, NUMBER_WINDOW, Mode
from packhorse.wire.frames import NUMBER_SIZE, MessageFrame, decode_frames, encode_credit

ROOM = 1200
PLENTY = 1 << 30
PIECE = 100


def outgoing() -> Outgoing:
    return Outgoing(PIECE)


def frame_of(piece: Piece) -> MessageFrame:
    (frame,) = decode_frames(bytes(NUMBER_SIZE) + piece.head + piece.payload).messages
    return frame


def take_all(queue: Outgoing, credit: int = PLENTY) -> list[Piece]:
    """Take reliable pieces until there is none; a message takes credit at its first piece."""
    pieces = []
    while (piece := queue.take_reliable(ROOM, credit)) is not None:
        credit -= piece.cost
        pieces.append(piece)
    return pieces


def payloads(pieces: list[Piece]) -> list[bytes]:
    return [piece.payload for piece in pieces]


def test_nothing_is_taken_where_nothing_waits() -> None:
    queue = outgoing()

    assert queue.take_reliable(ROOM, PLENTY) is None
    assert queue.take_unreliable(ROOM) is None
    assert [queue.has_reliable(PLENTY), queue.has_unreliable, queue.has_repairs] == [False] * 3
    assert queue.is_idle


def test_lane_keeps_the_order_of_its_messages() -> None:
    queue = outgoing()
    for data in (b"a", b"b", b"c"):
        queue.push(data, Mode.RELIABLE, 0)

    frames = [frame_of(piece) for piece in take_all(queue)]

    assert [(frame.sequence, frame.payload) for frame in frames] == [
        (0, b"a"),
        (1, b"b"),
        (2, b"c"),
    ]


def test_lanes_take_turns() -> None:
    queue = outgoing()
    queue.push(b"x" * 3 * PIECE, Mode.RELIABLE, 0)
    queue.push(b"1", Mode.RELIABLE, 1)
    queue.push(b"2", Mode.RELIABLE, 1)
    queue.push(b"u", Mode.RELIABLE_UNORDERED, 0)

    order = [frame_of(piece).payload[:1] for piece in take_all(queue)]

    assert order == [b"x", b"1", b"u", b"x", b"2", b"x"]


def test_lane_that_waits_again_takes_its_turn_again() -> None:
    queue = outgoing()
    queue.push(b"a", Mode.RELIABLE, 0)
    assert payloads(take_all(queue)) == [b"a"]

    queue.push(b"b", Mode.RELIABLE, 0)

    assert payloads(take_all(queue)) == [b"b"]


def test_repairs_go_before_new_messages() -> None:
    queue = outgoing()
    queue.push(b"old", Mode.RELIABLE, 0)
    lost = take_all(queue)
    queue.push(b"new", Mode.RELIABLE, 0)

    queue.repair(lost)

    assert payloads(take_all(queue)) == [b"old", b"new"]


def test_piece_waits_for_its_repair_only_once() -> None:
    queue = outgoing()
    queue.push(b"a", Mode.RELIABLE, 0)
    lost = take_all(queue)

    queue.repair(lost)
    queue.repair(lost)

    assert take_all(queue) == lost


def test_piece_that_was_repaired_can_be_lost_again() -> None:
    queue = outgoing()
    queue.push(b"a", Mode.RELIABLE, 0)
    lost = take_all(queue)

    for _ in range(3):
        queue.repair(lost)
        assert take_all(queue) == lost


def test_piece_that_arrived_is_not_repaired() -> None:
    queue = outgoing()
    queue.push(b"a", Mode.RELIABLE, 0)
    pieces = take_all(queue)
    queue.acknowledge(pieces)

    queue.repair(pieces)

    assert not queue.has_repairs


def test_repair_is_given_up_when_the_piece_has_arrived_after_all() -> None:
    queue = outgoing()
    queue.push(b"a", Mode.RELIABLE, 0)
    pieces = take_all(queue)
    queue.repair(pieces)

    queue.acknowledge(pieces)

    assert not queue.has_reliable(PLENTY)
    assert queue.is_idle


def test_repair_that_does_not_fit_keeps_its_place() -> None:
    queue = outgoing()
    queue.push(bytes(50), Mode.RELIABLE, 0)
    lost = take_all(queue)
    queue.push(b"small", Mode.RELIABLE, 1)
    queue.repair(lost)

    assert queue.take_reliable(50, PLENTY) is None
    assert queue.take_reliable(53, PLENTY) is lost[0]


def test_control_frame_goes_before_everything() -> None:
    queue = outgoing()
    queue.push(b"a", Mode.RELIABLE, 0)
    queue.repair(take_all(queue))
    control = Piece(encode_credit(1), b"", UNCOUNTED, 0, is_control=True)

    queue.push_control(control)

    assert take_all(queue)[0] is control
    queue.acknowledge([control])
    assert not queue.is_idle


def test_message_that_does_not_fit_is_taken_later_with_the_same_sequence() -> None:
    queue = outgoing()
    queue.push(bytes(50), Mode.RELIABLE, 0)
    queue.push(b"after", Mode.RELIABLE, 0)

    assert queue.take_reliable(50, PLENTY) is None

    assert [frame_of(piece).sequence for piece in take_all(queue)] == [0, 1]


def test_message_begins_only_when_the_credit_covers_all_of_it() -> None:
    queue = outgoing()
    queue.push(bytes(3 * PIECE), Mode.RELIABLE, 0)

    assert not queue.has_reliable(3 * PIECE + MESSAGE_COST - 1)
    assert queue.take_reliable(ROOM, 3 * PIECE + MESSAGE_COST - 1) is None
    assert queue.has_reliable(3 * PIECE + MESSAGE_COST)
    first = queue.take_reliable(ROOM, 3 * PIECE + MESSAGE_COST)

    assert first is not None
    assert first.cost == 3 * PIECE + MESSAGE_COST
    assert [piece.cost for piece in take_all(queue, credit=0)] == [0, 0]


def test_message_that_waits_for_credit_lets_no_later_one_begin() -> None:
    queue = outgoing()
    queue.push(bytes(60), Mode.RELIABLE, 0)
    queue.push(b"small", Mode.RELIABLE, 1)

    assert take_all(queue, credit=MESSAGE_COST + 59) == []
    assert not queue.has_reliable(MESSAGE_COST + 59)

    assert payloads(take_all(queue, credit=2 * MESSAGE_COST + 65)) == [bytes(60), b"small"]


def test_message_that_has_begun_goes_on_while_another_waits_for_credit() -> None:
    queue = outgoing()
    queue.push(bytes(2 * PIECE), Mode.RELIABLE, 0)
    queue.push(bytes(60), Mode.RELIABLE, 1)
    assert queue.take_reliable(ROOM, 2 * PIECE + MESSAGE_COST)

    assert queue.has_reliable(0)
    assert payloads(take_all(queue, credit=0)) == [bytes(PIECE)]


def test_message_of_no_bytes_takes_credit_for_being_a_message() -> None:
    queue = outgoing()
    queue.push(b"", Mode.RELIABLE, 0)

    assert take_all(queue, credit=MESSAGE_COST - 1) == []
    assert payloads(take_all(queue, credit=MESSAGE_COST)) == [b""]


def test_lane_is_at_most_a_window_ahead_of_its_oldest_message() -> None:
    queue = outgoing()
    for _ in range(LANE_WINDOW + 1):
        queue.push(b"", Mode.RELIABLE, 0)
    queue.push(b"other", Mode.RELIABLE, 1)

    taken = take_all(queue)
    assert len(taken) == LANE_WINDOW + 1  # with that of the other lane
    assert not queue.has_reliable(PLENTY)
    queue.acknowledge(taken[2:])
    assert not queue.has_reliable(PLENTY)
    queue.acknowledge(taken[:1])

    assert len(take_all(queue)) == 1


def test_message_in_pieces_is_open_until_all_of_them_have_arrived() -> None:
    queue = outgoing()
    queue.push(bytes(2 * PIECE), Mode.RELIABLE, 0)
    first, second = take_all(queue)

    queue.acknowledge([first, first])
    assert not queue.is_idle
    queue.acknowledge([second])

    assert queue.is_idle


def test_queued_bytes_are_those_never_sent() -> None:
    queue = outgoing()
    queue.push(bytes(150), Mode.RELIABLE, 0)
    queue.push(bytes(50), Mode.UNRELIABLE, 0)
    assert queue.queued_bytes == 150

    first = queue.take_reliable(ROOM, PLENTY)
    assert queue.queued_bytes == 50
    assert first is not None
    queue.repair([first])

    take_all(queue)
    assert queue.queued_bytes == 0


def test_unreliable_messages_are_neither_credited_nor_repeated() -> None:
    queue = outgoing()
    queue.push(bytes(2 * PIECE), Mode.UNRELIABLE_ORDERED, 0)

    pieces = [queue.take_unreliable(ROOM), queue.take_unreliable(ROOM)]

    assert all(piece is not None and not piece.is_repeated for piece in pieces)
    assert queue.is_idle


def test_unreliable_piece_that_does_not_fit_keeps_its_place() -> None:
    queue = outgoing()
    queue.push(bytes(50), Mode.UNRELIABLE, 0)

    assert queue.take_unreliable(50) is None
    assert queue.take_unreliable(51) is not None


def test_unreliable_messages_are_counted_where_the_mode_needs_it() -> None:
    queue = outgoing()
    for size in (1, PIECE + 1, 1, PIECE + 1):
        queue.push(bytes(size), Mode.UNRELIABLE, 3)
        queue.push(bytes(size), Mode.UNRELIABLE_ORDERED, 3)

    frames = [frame_of(piece) for piece in iter(lambda: queue.take_unreliable(ROOM), None)]

    last_parts = [frame for frame in frames if frame.part == frame.parts - 1]
    unordered = [frame.sequence for frame in last_parts if frame.mode is Mode.UNRELIABLE]
    ordered = [frame.sequence for frame in last_parts if frame.mode is Mode.UNRELIABLE_ORDERED]
    assert unordered == [0, 0, 0, 1]  # only those in pieces are counted
    assert ordered == [0, 1, 2, 3]


def test_oldest_unreliable_pieces_give_way() -> None:
    queue = outgoing()
    for number in range(1024 + NUMBER_WINDOW):
        queue.push(number.to_bytes(2, "big"), Mode.UNRELIABLE, 0)

    waiting = [frame_of(piece).payload for piece in iter(lambda: queue.take_unreliable(ROOM), None)]

    assert len(waiting) == 1024
    assert waiting[-1] == (1024 + NUMBER_WINDOW - 1).to_bytes(2, "big")
