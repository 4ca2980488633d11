"""The status line in words."""

from packhorse.cli.running import status_text
from packhorse.core.events import PeerId
from tests.support.fake_room import FakeRoom


def test_status_has_peers_and_rates() -> None:
    assert status_text(FakeRoom(), 59.6, 0.0) == "2 other peers  to room 60/s  from room 0/s"


def test_status_has_the_rtt_once_it_is_known() -> None:
    room = FakeRoom()
    room.peers = frozenset({PeerId(1)})
    room.rtt = 0.0234

    text = status_text(room, 0.0, 0.0)

    assert text.startswith("1 other peer  ")
    assert text.endswith("RTT to the relay 23 ms")
