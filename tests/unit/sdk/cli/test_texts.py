"""Events and notices in words and as JSON fields."""

import pytest

from packhorse.cli.texts import Json, event_fields, event_sentence, summary
from packhorse.core.events import (
    HOST,
    Closed,
    Event,
    Joined,
    Limited,
    Path,
    PathChanged,
    PeerFound,
    PeerId,
    PeerJoined,
    PeerLeft,
    PeerLost,
    RelayDraining,
    SessionLost,
    SessionResumed,
)
from packhorse.core.streams.format import ResetReason
from packhorse.middleman.notices import (
    ApplicationFound,
    ApplicationsCollide,
    ApplicationUnreachable,
    ConnectionFailed,
    HostSilent,
    NothingListens,
    Notice,
    PayloadTooLarge,
    ServiceMissing,
)
from packhorse.middleman.traffic import Drop, TcpTraffic, Traffic
from packhorse.testing.link import CUT
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, ErrorCode
from packhorse.wire.errors import ConfigurationError
from tests.support.network import Network

PEER = PeerId(2)
HERE = ("127.0.0.1", 6942)
V6 = ("::1", 6942)


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (PeerJoined(PEER), "peer 2 joined"),
        (PeerLeft(PEER), "peer 2 left"),
        (PeerLeft(PEER, ErrorCode.KICKED), "peer 2 was removed by the host"),
        (PeerLeft(PEER, ErrorCode.LEASE_EXPIRED), "peer 2 was silent for too long and is gone"),
        (PeerLost(HOST), "the host is silent; waiting for it to come back"),
        (PeerFound(HOST), "the host is back"),
        (SessionLost(), "the relay does not answer; trying on"),
        (
            Limited(1048576, 2000, 7),
            "the relay drops data: it allows 1048576 bytes and 2000 datagrams a second",
        ),
        (SessionResumed(), "the relay answers again"),
        (
            PathChanged(Path.RELAY_WEBSOCKET, TransportAddress("192.0.2.7", 40000)),
            "the relay is reached over WebSocket now, from another address",
        ),
        (
            PathChanged(Path.RELAY_UDP, TransportAddress("192.0.2.7", 40000)),
            "the relay is reached over UDP now, from another address",
        ),
        (
            RelayDraining(299.6),
            "the relay stops in 300 s at most; finish and use another one",
        ),
        (
            NothingListens(HERE, has_listened=False),
            "nothing listens on 127.0.0.1:6942 yet: start the game's server",
        ),
        (
            NothingListens(V6, has_listened=True),
            "nothing listens on [::1]:6942 any more: has the game's server stopped?",
        ),
        (
            ApplicationUnreachable(HERE, "Too many open files"),
            "the game's server at 127.0.0.1:6942 cannot be reached: Too many open files",
        ),
        (ApplicationFound(HERE), "the game sends from 127.0.0.1:6942"),
        (
            HostSilent(),
            (
                "the host does not tell which servers it offers: it has stopped, or runs another "
                "program than `packhorse host`"
            ),
        ),
        (Joined(), None),
    ],
)
def test_event_is_told_in_words(event: Event | Notice, sentence: str | None) -> None:
    assert event_sentence(event) == sentence


def test_oversize_is_told_with_both_sizes_and_advice() -> None:
    exact = event_sentence(PayloadTooLarge(1300, 1194, is_cut=False)) or ""
    cut = event_sentence(PayloadTooLarge(2048, 1194, is_cut=True)) or ""

    assert "datagrams of 1300 bytes, but the path takes 1194" in exact
    assert "MTU" in exact
    assert "2048 bytes and more" in cut


def test_collision_is_told_with_both_addresses_and_advice() -> None:
    sentence = event_sentence(ApplicationsCollide((HERE, V6))) or ""

    assert "127.0.0.1:6942 and [::1]:6942" in sentence
    assert "another --udp port" in sentence


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (PeerLeft(PEER, 402), {"event": "peer_left", "peer": 2, "code": 402}),
        (SessionLost(), {"event": "session_lost"}),
        (
            NothingListens(HERE, has_listened=False),
            {"event": "nothing_listens", "address": "127.0.0.1:6942", "has_listened": False},
        ),
        (
            ApplicationsCollide((HERE, V6)),
            {"event": "applications_collide", "addresses": ["127.0.0.1:6942", "[::1]:6942"]},
        ),
        (
            ConnectionFailed(HERE, ResetReason.REFUSED),
            {"event": "connection_failed", "address": "127.0.0.1:6942", "reason": "refused"},
        ),
        (
            ServiceMissing("tcp", 2, 1),
            {"event": "service_missing", "protocol": "tcp", "number": 2, "offered": 1},
        ),
        (Closed(None), {"event": "closed", "error": None}),
        (Closed(ConfigurationError("gone")), {"event": "closed", "error": "gone"}),
    ],
)
def test_event_has_its_fields(event: Event | Notice, fields: dict[str, Json]) -> None:
    assert event_fields(event) == fields


def test_summary_has_both_directions_and_the_drops() -> None:
    traffic = Traffic(to_room=3, from_room=4)
    assert summary(traffic) == "Carried 3 datagrams to the room and 4 from it; dropped: none."

    traffic.own_drops[Drop.TOO_LARGE] = 1
    traffic.room_drops = {DropReason.TOO_LARGE: 1, DropReason.REPLAYED: 2, DropReason.BAD_MAC: 0}

    assert summary(traffic).endswith("dropped: replayed 2, too_large 2.")


def test_summary_has_the_connections_where_tcp_is_carried() -> None:
    tcp = TcpTraffic(connections=3, bytes_to_room=1_234_567)
    lines = summary(Traffic(has_tcp=True, tcp=tcp)).splitlines()

    assert lines[1] == (
        "Carried 3 TCP connections, 1.2 MB to the room and 0.0 MB from it; refused: none."
    )


def test_client_of_a_killed_host_is_told_at_each_step() -> None:
    network = Network()
    host = network.create_room()
    network.run(1.0)
    client = network.join(host.session.code)
    network.run(1.0)
    client.events.clear()

    host.conditions = CUT
    network.run_until(lambda: client.closed is not None, within=130.0)

    sentences = [event_sentence(event) for event in client.events]
    assert sentences[:1] == ["the host is silent; waiting for it to come back"]
    assert client.closed is not None
    assert str(client.closed.error) == "the host was not heard for too long and the room was closed"
