"""Tests of asking a relay for its public rooms."""

from collections.abc import Callable

import pytest

from packhorse.core.events import Closed
from packhorse.core.joining import FindRooms
from packhorse.core.room_listing import RoomListing
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, ErrorCode
from packhorse.wire.ctrl import decode_ctrl, encode_ctrl
from packhorse.wire.errors import RelayRefusedError, TransactionTimeoutError
from packhorse.wire.fields import Sender
from packhorse.wire.header import decode_header
from packhorse.wire.messages import Challenge, Error, ListRooms, RelayCtrl, RoomList
from packhorse.wire.room_code import RoomCode
from packhorse.wire.room_list import ListedRoom, encode_listed
from tests.support.relay_harness import seeded_bytes

RELAY = TransportAddress("192.0.2.1", 6969)


def entry(code: str) -> bytes:
    return encode_listed(ListedRoom(RoomCode(code), 1, 8, False, False, False, b""))  # noqa: FBT003


class Asking:
    """A listing and the relay's answers, written by hand."""

    def __init__(self) -> None:
        self.listing = RoomListing(FindRooms(), RELAY, seeded_bytes(1), now=0.0)
        self.now = 0.0

    def sent(self) -> list[bytes]:
        self.listing.handle_timeout(now=self.now)
        return [data for data, _ in self.listing.datagrams_to_send()]

    def answer(self, message: RelayCtrl, source: TransportAddress = RELAY) -> None:
        """Answer the last request."""
        data = encode_ctrl(message, self.transaction)
        self.listing.receive_datagram(data, source, now=self.now)

    def greet(self) -> ListRooms:
        (hello,) = self.sent()
        self.transaction = decode_header(hello).word
        self.answer(Challenge(version=1, features=0, cookie=bytes(20)))
        return self.asked()

    def asked(self) -> ListRooms:
        (request,) = self.sent()
        self.transaction = decode_header(request).word
        message = decode_ctrl(request, Sender.MEMBER)
        assert isinstance(message, ListRooms)
        return message


def test_pages_are_asked_for_one_after_the_other() -> None:
    asking = Asking()
    assert asking.greet().after == ""
    asking.answer(RoomList(rooms=entry("00000001") + entry("00000002"), more=True))
    assert asking.asked().after == "00000002"
    asking.answer(RoomList(rooms=entry("00000003"), more=False))

    assert asking.listing.next_event() == Closed(None)
    assert [room.code for room in asking.listing.rooms] == ["00000001", "00000002", "00000003"]
    assert asking.listing.next_timeout() is None


@pytest.mark.parametrize(
    "page",
    [entry("00000001"), entry("00000002"), entry("00000004") + entry("00000003"), b"\1"],
    ids=["before", "again", "out of order", "nonsense"],
)
def test_relay_that_lists_in_circles_is_not_followed(page: bytes) -> None:
    """ADM-11, LIM-1."""
    asking = Asking()
    asking.greet()
    asking.answer(RoomList(rooms=entry("00000002"), more=True))
    asking.asked()
    asking.answer(RoomList(rooms=page, more=True))

    assert sum(asking.listing.drops.values()) == 1
    assert len(asking.listing.rooms) == 1


def test_empty_page_ends_the_list_whatever_it_says() -> None:
    asking = Asking()
    asking.greet()
    asking.answer(RoomList(rooms=b"", more=True))

    assert asking.listing.next_event() == Closed(None)


def test_refusal_ends_the_list() -> None:
    asking = Asking()
    asking.greet()
    asking.answer(Error(code=ErrorCode.TICKET_REQUIRED))
    event = asking.listing.next_event()

    assert isinstance(event, Closed)
    assert isinstance(event.error, RelayRefusedError)


def test_silent_relay_is_given_up() -> None:
    asking = Asking()
    while (when := asking.listing.next_timeout()) is not None:
        asking.now = when
        asking.sent()
    event = asking.listing.next_event()

    assert isinstance(event, Closed)
    assert isinstance(event.error, TransactionTimeoutError)


def elsewhere(asking: Asking) -> None:
    asking.answer(RoomList(rooms=b"", more=False), TransportAddress("192.0.2.9", 1))


def wrong_kind(asking: Asking) -> None:
    asking.listing.receive_datagram(b"\xa4\0\0\0\0\1x", RELAY, now=0.0)


@pytest.mark.parametrize(
    ("send", "drop"),
    [(elsewhere, DropReason.UNEXPECTED_SOURCE), (wrong_kind, DropReason.UNEXPECTED_MESSAGE)],
)
def test_what_is_no_answer_is_dropped(send: Callable[[Asking], None], drop: DropReason) -> None:
    asking = Asking()
    asking.greet()
    send(asking)

    assert asking.listing.drops == {drop: 1}
