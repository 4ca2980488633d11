"""Tests of the list of public rooms."""

from packhorse.wire.constants import Topology
from packhorse.wire.room_code import RoomCode
from packhorse.wire.room_list import ListedRoom, decode_listed
from packhorse_relay.core.forwarding import Group
from packhorse_relay.core.public_rooms import PublicRooms
from packhorse_relay.core.rooms import Room


def room(code: str, metadata: bytes = b"", app: str | None = None) -> Room:
    return Room(
        code=RoomCode(code),
        topology=Topology.MESH,
        max_peers=4,
        most_peers=4,
        source=b"",
        group=Group(is_star=False),
        metadata=metadata,
        app=app,
    )


def codes(page: tuple[bytes, bool]) -> list[str]:
    return [listed.code for listed in decode_listed(page[0])]


def test_rooms_are_shown_in_ascending_code_after_the_one_named() -> None:
    """ADM-10."""
    public = PublicRooms()
    for code in ("00000003", "00000001", "00000002"):
        assert public.add(room(code))

    assert codes(public.page("", 1000, None)) == ["00000001", "00000002", "00000003"]
    assert codes(public.page("00000001", 1000, None)) == ["00000002", "00000003"]
    assert public.page("00000003", 1000, None) == (b"", False)


def test_page_is_filled_with_whole_entries() -> None:
    """ADM-11."""
    public = PublicRooms()
    for code in ("00000001", "00000002"):
        public.add(room(code, bytes(100)))

    assert public.page("", 223, None)[1] is True
    assert codes(public.page("", 223, None)) == ["00000001"]
    assert public.page("", 224, None)[1] is False


def test_room_is_shown_as_it_is_now_until_it_is_removed() -> None:
    """ADM-10."""
    public, shown = PublicRooms(), room("00000001")
    public.add(shown)
    public.add(shown)
    shown.password_key, shown.is_locked, shown.metadata = bytes(32), True, b"new"
    (listed,) = decode_listed(public.page("", 1000, None)[0])
    assert listed == ListedRoom(shown.code, 0, 4, True, False, True, b"new")  # noqa: FBT003
    public.remove(shown.code)
    public.remove(shown.code)

    assert (len(public), public.page("", 1000, None)) == (0, (b"", False))


def test_rooms_of_another_application_are_left_out() -> None:
    """ADM-3."""
    public = PublicRooms()
    public.add(room("00000001", app="tag"))
    public.add(room("00000002", app="go"))

    assert codes(public.page("", 1000, "go")) == ["00000002"]
