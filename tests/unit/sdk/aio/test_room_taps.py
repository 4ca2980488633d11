"""What of a room goes to its pipes."""

import pytest

from packhorse.aio.room_taps import RoomTaps, Tap, TapKey
from packhorse.core.events import Event, Message, PeerId, PeerJoined, PeerLeft
from packhorse.wire.constants import Mode
from packhorse.wire.errors import LocalProtocolError, PackhorseError, SessionClosedOK

KEY = TapKey(PeerId(2), 255, Mode.RELIABLE)


class Listener:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.events: list[Event] = []
        self.progress = 0
        self.ends: list[PackhorseError | None] = []

    def tap(self) -> Tap:
        return Tap(self.messages.append, self.events.append, self._progress, self.ends.append)

    def _progress(self) -> None:
        self.progress += 1


def message(peer: int = 2, channel: int = 255, mode: Mode = Mode.RELIABLE) -> Message:
    return Message(b"text", PeerId(peer), mode, channel)


def test_only_messages_of_its_peer_channel_and_mode_are_taken() -> None:
    taps, listener = RoomTaps(), Listener()
    taps.add(KEY, listener.tap())

    assert taps.take(message())
    for other in (message(peer=3), message(channel=0), message(mode=Mode.UNRELIABLE)):
        assert not taps.take(other)
    assert listener.messages == [message()]


def test_events_about_the_peer_are_told_and_go_on_to_the_application() -> None:
    taps, listener = RoomTaps(), Listener()
    taps.add(KEY, listener.tap())

    events: list[Event] = [PeerLeft(PeerId(2)), PeerLeft(PeerId(3)), PeerJoined(PeerId(2))]
    assert [taps.take(event) for event in events] == [False] * 3
    taps.progress()

    assert listener.events == [PeerLeft(PeerId(2))]
    assert listener.progress == 1


def test_one_key_has_one_tap_until_it_is_removed() -> None:
    taps, listener = RoomTaps(), Listener()
    taps.add(KEY, listener.tap())
    with pytest.raises(LocalProtocolError, match="channel 255 in mode RELIABLE"):
        taps.add(KEY, listener.tap())

    taps.remove(KEY)
    taps.remove(KEY)

    assert not taps.take(message())
    taps.add(KEY, listener.tap())


def test_end_of_the_room_is_told_once() -> None:
    taps, listener = RoomTaps(), Listener()
    taps.add(KEY, listener.tap())
    error = SessionClosedOK()

    taps.end(error)
    taps.end(None)

    assert listener.ends == [error]
