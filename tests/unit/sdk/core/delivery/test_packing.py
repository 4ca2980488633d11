"""Several frames in one datagram."""

import pytest

from packhorse.core.delivery.outgoing import Outgoing
from packhorse.core.delivery.packing import join_frames, largest_piece, take_fitting
from packhorse.core.delivery.pieces import UNCOUNTED, Piece, cut
from packhorse.wire.constants import ACK_REACH, Mode
from packhorse.wire.frames import Ack, decode_frames, encode_credit, encode_prefix

PREFIX = encode_prefix(0, None, asks_ack=False)


def queue(*messages: bytes) -> Outgoing:
    """Return unreliable messages that wait, each 2 bytes larger as a frame."""
    waiting = Outgoing(1100)
    for message in messages:
        waiting.push(message, Mode.UNRELIABLE, 1)
    return waiting


def credit() -> Piece:
    return Piece(encode_credit(5), b"", UNCOUNTED, 0, is_control=True)


@pytest.mark.parametrize(("max_payload", "size"), [(1194, 1173), (570, 549), (250, 229)])
def test_piece_has_the_size_that_the_specification_names(max_payload: int, size: int) -> None:
    assert largest_piece(max_payload) == size


@pytest.mark.parametrize("max_payload", [1194, 570, 250])
def test_largest_piece_fits_beside_an_acknowledgement_of_32_numbers(max_payload: int) -> None:
    largest = largest_piece(max_payload)
    pieces = cut(bytes(2 * largest), Mode.RELIABLE, 255, 65535, largest)
    ack = Ack(65535, 0.255, (1 << ACK_REACH) - 1)

    payload = encode_prefix(65535, ack, asks_ack=True) + join_frames(pieces[:1])

    assert len(payload) + 2 <= max_payload


def test_small_frames_share_a_datagram_until_one_does_not_fit() -> None:
    waiting = queue(bytes(40), bytes(40), bytes(40))

    pieces = take_fitting(waiting.take_unreliable, 100)

    assert len(pieces) == 2
    assert len(join_frames(pieces)) <= 100
    assert waiting.has_unreliable


def test_datagram_that_is_nearly_full_looks_for_no_more() -> None:
    waiting = queue(bytes(80), b"", b"")

    assert len(take_fitting(waiting.take_unreliable, 100)) == 1


def test_first_frame_is_taken_also_into_little_room() -> None:
    assert len(take_fitting(queue(b"a").take_unreliable, 10)) == 1


def test_nothing_is_taken_where_nothing_waits() -> None:
    assert take_fitting(queue().take_unreliable, 100) == []
    assert join_frames([]) == b""


def test_only_the_last_frame_has_no_length() -> None:
    first, second = (cut(data, Mode.RELIABLE, 0, 0)[0] for data in (b"one", b"two"))

    assert join_frames([first, second]).hex() == "44000000036f6e6540000074776f"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_control_frame_has_its_own_end(place: int) -> None:
    pieces = [cut(data, Mode.RELIABLE, 0, 0)[0] for data in (b"one", b"two")]
    pieces.insert(place, credit())

    datagram = decode_frames(PREFIX + join_frames(pieces))

    assert datagram.credit == 5
    assert [frame.payload for frame in datagram.messages] == [b"one", b"two"]
