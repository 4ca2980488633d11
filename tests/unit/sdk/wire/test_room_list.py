"""Tests of the entries of the room list; the vectors test their bytes."""

from hypothesis import given
from hypothesis import strategies as st

from packhorse.wire.errors import ParseError
from packhorse.wire.room_code import encode_room_code
from packhorse.wire.room_list import ListedRoom, decode_listed, encode_listed

U16 = st.integers(0, 65535)
ROOMS = st.builds(
    ListedRoom,
    st.binary(min_size=5, max_size=5).map(encode_room_code),
    U16,
    U16,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.binary(max_size=512),
)


@given(st.lists(ROOMS, max_size=5))
def test_rooms_are_decoded_as_they_were_encoded(rooms: list[ListedRoom]) -> None:
    assert decode_listed(b"".join(map(encode_listed, rooms))) == rooms


@given(st.binary(max_size=1180))
def test_nonsense_is_refused_or_decoded_in_full(data: bytes) -> None:
    """MSG-1: no other exception, and no byte is skipped."""
    try:
        rooms = decode_listed(data)
    except ParseError:
        return
    assert sum(12 + len(room.metadata) for room in rooms) == len(data)
