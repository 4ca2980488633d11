"""The status line in words."""

from packhorse.cli.running import status_text, tcp_status_text
from packhorse.core.events import PeerId
from packhorse.middleman.traffic import TcpTraffic, Traffic
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


def test_status_tells_of_tcp_only_where_it_is_carried() -> None:
    traffic = Traffic(tcp=TcpTraffic(open=3))
    assert tcp_status_text(traffic, 0.0, 0.0) == ""

    traffic.has_tcp = True

    assert tcp_status_text(traffic, 1_250_000.0, 40_000.0) == (
        "  TCP 3 open, 1.2 MB/s up, 0.0 down"
    )
