"""The room's end of a middleman: what is sent, refused, counted and told."""

import pytest

from packhorse.core.events import HOST, Event, Message, PeerId, PeerJoined
from packhorse.middleman.notices import Notice, PayloadTooLarge
from packhorse.middleman.room_link import RoomLink
from packhorse.middleman.traffic import Drop, Traffic
from packhorse.wire.constants import FRAGMENT_SIZE, DropReason, ErrorCode, Mode
from packhorse.wire.errors import SessionClosedByError
from tests.support.fake_room import FakeRoom

PEER = PeerId(2)


class ClosingRoom(FakeRoom):
    """A room whose session has ended."""

    def try_send(
        self,
        data: bytes,  # noqa: ARG002
        *,
        to: int,  # noqa: ARG002
        mode: Mode = Mode.UNRELIABLE,  # noqa: ARG002
        channel: int = 0,  # noqa: ARG002
    ) -> bool:
        """Refuse as a room does that is closed."""
        raise SessionClosedByError(ErrorCode.ROOM_CLOSED)


class LinkInRoom:
    """A link whose sends happen while it is in a room."""

    def __init__(self, room: FakeRoom | None = None) -> None:
        self.room = room or FakeRoom([PeerJoined(PEER)])
        self.traffic = Traffic()
        self.notices: list[Notice] = []
        self.messages: list[Message] = []
        self.events: list[Event] = []
        self.link = RoomLink(self.traffic, self.notices.append)

    async def send(self, *payloads: bytes) -> None:
        """Send when the first event comes, then let the room end."""

        def see(event: Event) -> None:
            self.events.append(event)
            for payload in payloads:
                self.link.send(payload, PEER)

        await self.link.run(self.room, self.messages.append, see)


async def test_payload_goes_to_its_peer_and_is_counted() -> None:
    side = LinkInRoom()

    await side.send(b"one", bytes(1194))

    assert side.room.sent == [(b"one", PEER), (bytes(1194), PEER)]
    assert (side.traffic.to_room, side.traffic.drops) == (2, {})


async def test_payload_too_large_is_dropped_and_told_once() -> None:
    side = LinkInRoom()

    await side.send(bytes(1195), bytes(1300))

    assert side.room.sent == []
    assert side.traffic.drops == {"too_large": 2}
    assert side.notices == [PayloadTooLarge(1195, 1194, is_cut=False)]


async def test_payload_as_long_as_we_read_may_have_been_longer() -> None:
    side = LinkInRoom()

    await side.send(bytes(2048))

    assert side.notices == [PayloadTooLarge(2048, 1194, is_cut=True)]


async def test_empty_payload_is_dropped_without_a_word() -> None:
    side = LinkInRoom()

    await side.send(b"")

    assert side.traffic.own_drops == {Drop.EMPTY: 1}
    assert side.notices == []


async def test_payload_that_the_system_has_no_place_for_is_counted() -> None:
    side = LinkInRoom()
    side.room.has_place = False

    await side.send(b"x")

    assert (side.traffic.to_room, side.traffic.own_drops) == (0, {Drop.SEND_FAILED: 1})


async def test_payload_outside_the_room_is_dropped() -> None:
    side = LinkInRoom()
    side.link.send(b"early", PEER)
    assert side.link.peers == frozenset()

    await side.send()
    side.link.send(b"late", PEER)

    assert side.traffic.own_drops == {Drop.NOT_IN_ROOM: 2}


async def test_payload_to_a_room_that_is_closing_is_dropped() -> None:
    side = LinkInRoom(ClosingRoom([PeerJoined(PEER)]))

    await side.send(b"x")

    assert side.traffic.own_drops == {Drop.NOT_IN_ROOM: 1}


async def test_messages_come_by_the_callback_even_those_that_came_first() -> None:
    early = Message(b"early", HOST)
    side = LinkInRoom(FakeRoom([early, PeerJoined(PEER)]))

    await side.send()

    assert side.messages == [early]
    assert side.events == [PeerJoined(PEER)]
    assert side.room.on_message is None


async def test_error_of_the_room_comes_through_and_its_drops_are_kept() -> None:
    room = FakeRoom([PeerJoined(PEER)], error=SessionClosedByError(ErrorCode.HOST_LOST))
    room.drops[DropReason.REPLAYED] = 3
    side = LinkInRoom(room)

    with pytest.raises(SessionClosedByError) as caught:
        await side.send(bytes(1195))

    assert caught.value.code == ErrorCode.HOST_LOST
    assert side.traffic.drops == {"replayed": 3, "too_large": 1}


async def test_payload_of_a_further_service_goes_on_its_channel() -> None:
    side = LinkInRoom()

    def see(_event: Event) -> None:
        side.link.send(b"x", PEER, 3)

    await side.link.run(side.room, side.messages.append, see)

    assert side.room.sent_in_full == [(b"x", PEER, Mode.UNRELIABLE, 3)]


class OfferingLink(LinkInRoom):
    """A link that offers reliable messages while it is in a room."""

    async def offer(self, message: bytes, to: int = PEER) -> bool:
        """Offer a message; return the answer."""
        answers: list[bool] = []

        def see(_event: Event) -> None:
            answers.append(self.link.offer(to, 16, message))

        await self.link.run(self.room, self.messages.append, see)
        return answers[0]


async def test_offered_message_is_reliable_and_on_its_channel() -> None:
    side = OfferingLink()

    assert await side.offer(b"x")

    assert side.room.sent_in_full == [(b"x", PEER, Mode.RELIABLE, 16)]


async def test_large_message_waits_while_much_is_queued_but_a_small_one_does_not() -> None:
    results = []
    for size in (FRAGMENT_SIZE + 1, FRAGMENT_SIZE):
        side = OfferingLink()
        side.room.queued_bytes = 200 * 1024
        results.append(await side.offer(bytes(size)))

    assert results == [False, True]


async def test_offer_to_a_full_room_is_kept_and_to_an_absent_peer_is_dropped() -> None:
    full = OfferingLink()
    full.room.has_place = False

    assert not await full.offer(b"x")
    assert await OfferingLink().offer(b"x", to=99)
    assert not await OfferingLink(ClosingRoom([PeerJoined(PEER)])).offer(b"x")
    assert not OfferingLink().link.offer(PEER, 16, b"in no room")


async def test_progress_is_told_while_in_the_room() -> None:
    side = LinkInRoom()
    told: list[str] = []

    def see(_event: Event) -> None:
        assert side.room.on_progress is not None
        side.room.on_progress()

    await side.link.run(side.room, side.messages.append, see, lambda: told.append("go on"))

    assert told == ["go on"]
    assert side.room.on_progress is None
