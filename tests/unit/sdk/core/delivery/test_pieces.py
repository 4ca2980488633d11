"""Messages are cut into frames."""

import pytest

from packhorse.core.delivery.pieces import UNCOUNTED, Piece, cut, lane_key
from packhorse.wire.constants import FRAGMENT_SIZE, Mode
from packhorse.wire.frames import NUMBER_SIZE, MessageFrame, decode_frames

PREFIX = bytes(NUMBER_SIZE)


def decoded(piece: Piece) -> MessageFrame:
    (frame,) = decode_frames(PREFIX + piece.head + piece.payload).messages
    return frame


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        (0, [0]),
        (1, [1]),
        (FRAGMENT_SIZE, [FRAGMENT_SIZE]),
        (FRAGMENT_SIZE + 1, [FRAGMENT_SIZE, 1]),
        (2 * FRAGMENT_SIZE, [FRAGMENT_SIZE, FRAGMENT_SIZE]),
        (2 * FRAGMENT_SIZE + 1, [FRAGMENT_SIZE, FRAGMENT_SIZE, 1]),
    ],
)
def test_pieces_are_of_equal_size_but_the_last(size: int, sizes: list[int]) -> None:
    pieces = cut(bytes(size), Mode.RELIABLE, 0, 0)

    assert [len(piece.payload) for piece in pieces] == sizes


def test_pieces_say_where_they_belong() -> None:
    data = bytes(range(250))

    frames = [decoded(piece) for piece in cut(data, Mode.UNRELIABLE, 9, 70_000, 100)]

    assert [(frame.part, frame.parts) for frame in frames] == [(0, 3), (1, 3), (2, 3)]
    assert {(frame.mode, frame.channel, frame.sequence) for frame in frames} == {
        (Mode.UNRELIABLE, 9, 70_000 - 65_536)
    }
    assert b"".join(frame.payload for frame in frames) == data


def test_whole_message_is_no_piece() -> None:
    (piece,) = cut(b"hi", Mode.RELIABLE, 0, 3)

    assert decoded(piece) == MessageFrame(Mode.RELIABLE, 0, 3, 0, 1, b"hi")
    assert piece.size == 3 + 2


def test_lanes_differ_by_mode_and_by_channel() -> None:
    keys = {lane_key(mode, channel) for mode in Mode for channel in range(256)}

    assert len(keys) == 4 * 256
    assert UNCOUNTED not in keys


def test_only_reliable_pieces_and_control_frames_are_repeated() -> None:
    (reliable,) = cut(b"", Mode.RELIABLE, 0, 0)

    assert reliable.is_repeated
    assert Piece(b"", b"", UNCOUNTED, 0, is_control=True).is_repeated
    assert not Piece(b"", b"", UNCOUNTED, 0).is_repeated
