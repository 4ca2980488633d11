"""Tests of the legacy room: what the old relay did, and the guards that it lacked."""

import pytest

from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import LEGACY_MAX_PEERS, DropReason
from packhorse.wire.errors import ParseError
from packhorse.wire.legacy import encode_legacy
from packhorse_relay.core.drops import DatagramDropped
from packhorse_relay.core.relay_legacy import LegacyRoom
from tests.support.relay_harness import address

HOST, ANN, BOB, EVE = (address(number) for number in range(1, 5))
Sent = list[tuple[bytes, TransportAddress]]


def send(room: LegacyRoom, data: bytes, source: TransportAddress, now: float = 0.0) -> Sent:
    """Hand in a datagram and return what goes out."""
    room.receive_datagram(data, source, now=now)
    return room.datagrams_to_send()


def drop(
    room: LegacyRoom, data: bytes, source: TransportAddress, now: float = 0.0
) -> DropReason | None:
    """Return why a datagram is dropped, in which case nothing may go out."""
    try:
        room.receive_datagram(data, source, now=now)
    except (DatagramDropped, ParseError) as error:
        assert room.datagrams_to_send() == []
        return error.reason
    room.datagrams_to_send()
    return None


def register(room: LegacyRoom, peer: int, source: TransportAddress, now: float = 0.0) -> Sent:
    return send(room, encode_legacy(peer), source, now)


def room_of_three() -> LegacyRoom:
    """Return a room with the host, Ann as 2 and Bob as 3."""
    room = LegacyRoom()
    for peer, source in [(1, HOST), (2, ANN), (3, BOB)]:
        register(room, peer, source)
    return room


def run(room: LegacyRoom, start: float, seconds: float) -> list[tuple[float, TransportAddress]]:
    """Let time pass; return when a keepalive went to whom."""
    sent: list[tuple[float, TransportAddress]] = []
    while (when := room.next_timeout()) is not None and when <= start + seconds:
        room.handle_timeout(now=when)
        sent += [(when, to) for _, to in room.datagrams_to_send()]
    return sent


def test_host_is_echoed() -> None:
    assert register(LegacyRoom(), 1, HOST) == [(encode_legacy(1), HOST)]


def test_client_is_told_to_the_host_and_then_echoed() -> None:
    room = LegacyRoom()
    register(room, 1, HOST)

    assert register(room, 2, ANN) == [(encode_legacy(2), HOST), (encode_legacy(2), ANN)]


def test_client_without_a_host_is_dropped() -> None:
    assert drop(LegacyRoom(), encode_legacy(2), ANN) is DropReason.LEGACY_NO_HOST


def test_data_to_the_host_carries_the_senders_id() -> None:
    room = room_of_three()

    assert send(room, encode_legacy(1, b"hi"), ANN) == [(encode_legacy(2, b"hi"), HOST)]


@pytest.mark.parametrize("sender", [HOST, BOB])
def test_data_to_a_client_goes_out_byte_for_byte(sender: TransportAddress) -> None:
    room = room_of_three()
    data = encode_legacy(2, b"hi")

    assert send(room, data, sender) == [(data, ANN)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x00\xaa\x00\x00\x00", DropReason.TOO_SHORT),
        (b"\x00\xaa" + bytes(1405), DropReason.TOO_LARGE),
        (b"\x00\xab\x00\x00\x00\x01", DropReason.UNKNOWN_PREFIX),
        (b"\x00\xaa\x00\x00\x00\x00", DropReason.LEGACY_BAD_ID),
        (b"\x00\xaa\x80\x00\x00\x00", DropReason.LEGACY_BAD_ID),
        (encode_legacy(1, b"x"), DropReason.LEGACY_UNREGISTERED),
    ],
)
def test_strange_datagrams_are_dropped_by_their_reason(data: bytes, reason: DropReason) -> None:
    assert drop(LegacyRoom(), data, EVE) is reason


@pytest.mark.parametrize(("sender", "peer"), [(HOST, 9), (HOST, 1), (ANN, 2)])
def test_data_to_nobody_or_oneself_is_dropped(sender: TransportAddress, peer: int) -> None:
    data = encode_legacy(peer, b"x")

    assert drop(room_of_three(), data, sender) is DropReason.LEGACY_UNKNOWN_ID


@pytest.mark.parametrize("peer", [1, 2])
def test_address_of_the_relay_itself_is_never_answered(peer: int) -> None:
    """LEG-3."""
    room = LegacyRoom({(EVE.host, EVE.port)})
    register(room, 1, HOST)

    assert drop(room, encode_legacy(peer), EVE) is DropReason.LEGACY_OWN_ADDRESS


@pytest.mark.parametrize(("age", "reason"), [(0.9, DropReason.LEGACY_REPEATED), (1.0, None)])
def test_registration_is_echoed_once_a_second(age: float, reason: DropReason | None) -> None:
    """LEG-3: the boundary."""
    room = LegacyRoom()
    register(room, 1, HOST)

    assert drop(room, encode_legacy(1), HOST, age) is reason


@pytest.mark.parametrize("peer", [1, 2])
@pytest.mark.parametrize(("age", "reason"), [(29.9, DropReason.LEGACY_TAKEN), (30.0, None)])
def test_id_in_use_is_not_taken_over_for_30_s(
    age: float, reason: DropReason | None, peer: int
) -> None:
    """LEG-2: the boundary; what somebody takes over is theirs alone."""
    room = room_of_three()

    assert drop(room, encode_legacy(peer), EVE, age) is reason
    if reason is None:
        old = HOST if peer == 1 else ANN
        assert drop(room, encode_legacy(3, b"x"), old, age) is DropReason.LEGACY_UNREGISTERED


@pytest.mark.parametrize("data", [encode_legacy(2), encode_legacy(1, b"x")])
def test_traffic_keeps_an_id(data: bytes) -> None:
    """LEG-2: counted from the last datagram, also from one that is not echoed."""
    room = room_of_three()
    send(room, encode_legacy(1, b"x"), ANN, 20.0)
    send(room, data, ANN, 20.1)

    assert drop(room, encode_legacy(2), EVE, 50.0) is DropReason.LEGACY_TAKEN


def test_forged_registration_of_another_id_frees_nobodys_id() -> None:
    """LEG-2: Eve forges Ann's address to make her give up her id."""
    room = room_of_three()
    register(room, 77, ANN)

    assert drop(room, encode_legacy(2), EVE) is DropReason.LEGACY_TAKEN


def test_address_speaks_under_the_id_that_it_registered_last() -> None:
    room = room_of_three()
    register(room, 77, ANN)
    as_77 = send(room, encode_legacy(1, b"x"), ANN)
    is_echoed = drop(room, encode_legacy(2), ANN, 0.5)
    as_2 = send(room, encode_legacy(1, b"x"), ANN, 0.5)

    assert (as_77[0][0], as_2[0][0]) == (encode_legacy(77, b"x"), encode_legacy(2, b"x"))
    assert is_echoed is DropReason.LEGACY_REPEATED


def test_host_that_registers_another_id_is_told_no_twice() -> None:
    """JOIN-2 in spirit: one small datagram is not answered with two to one address."""
    room = room_of_three()

    assert register(room, 9, HOST) == [(encode_legacy(9), HOST)]


def test_room_has_64_ids_at_most() -> None:
    """LIM-1: the boundary."""
    room = LegacyRoom()
    for peer in range(1, LEGACY_MAX_PEERS + 1):
        register(room, peer, address(peer))

    assert len(room) == LEGACY_MAX_PEERS
    assert drop(room, encode_legacy(999), EVE._replace(port=9)) is DropReason.LEGACY_FULL
    assert drop(room, encode_legacy(64), address(64), 5.0) is None


def test_silent_id_of_a_full_room_can_still_be_taken_over() -> None:
    room = LegacyRoom()
    for peer in range(1, LEGACY_MAX_PEERS + 1):
        register(room, peer, address(peer))

    assert drop(room, encode_legacy(64), EVE._replace(port=9), 30.0) is None
    assert len(room) == LEGACY_MAX_PEERS


@pytest.mark.parametrize("start", [0.0, 0.1, 1000.3, 123_456.789])
def test_peer_that_is_sent_nothing_gets_a_keepalive_every_second(start: float) -> None:
    room = LegacyRoom()
    register(room, 1, HOST, start)

    times = [when for when, _ in run(room, start, 5.5)]
    assert times == pytest.approx([start + second for second in range(1, 6)])


def test_keepalive_is_the_peers_own_registration() -> None:
    room = LegacyRoom()
    register(room, 1, HOST)
    register(room, 2, ANN)
    room.handle_timeout(now=1.0)

    assert room.datagrams_to_send() == [(encode_legacy(1), HOST), (encode_legacy(2), ANN)]


def test_peer_that_was_sent_something_gets_no_keepalive() -> None:
    room = room_of_three()
    send(room, encode_legacy(2, b"x"), HOST, 0.5)
    room.handle_timeout(now=1.0)

    assert [to for _, to in room.datagrams_to_send()] == [HOST, BOB]


def test_address_gets_one_keepalive_however_many_ids_it_has_had() -> None:
    """LEG-3 in spirit: to another relay, each would be a registration to echo."""
    room = room_of_three()
    for peer in range(10, 20):
        register(room, peer, ANN)
    room.handle_timeout(now=1.0)

    sent = room.datagrams_to_send()
    assert [data for data, to in sent if to == ANN] == [encode_legacy(19)]


def test_keepalives_end_120_s_after_the_last_datagram() -> None:
    room = LegacyRoom()
    register(room, 1, HOST)
    register(room, 1, HOST, 2.0)
    sent = run(room, 2.0, 1000.0)

    assert len(sent) == 119
    assert (len(room), room.next_timeout()) == (0, None)


def test_address_that_only_registered_once_gets_keepalives_for_30_s() -> None:
    """Whoever is there registers again, or sends something; a victim of forgery does not."""
    room = LegacyRoom()
    register(room, 1, HOST)

    assert len(run(room, 0.0, 1000.0)) == 29


def test_source_gets_16_ids_and_leaves_the_others_to_others() -> None:
    """LIM-1: of 64; all ports of a source together."""
    room = LegacyRoom()
    register(room, 1, HOST)
    reasons = [
        drop(room, encode_legacy(peer), EVE._replace(port=peer // 3 + 1)) for peer in range(2, 64)
    ]

    assert reasons == [None] * 16 + [DropReason.LEGACY_FULL] * 46
    assert drop(room, encode_legacy(64), ANN) is None


def registering(room: LegacyRoom, seconds: int) -> int:
    """Register once a second and nothing else; return how many answers and keepalives come."""
    count = 0
    for second in range(seconds):
        drop(room, encode_legacy(1), HOST, float(second))
        room.handle_timeout(now=float(second))
        count += len(room.datagrams_to_send())
    return count


def test_address_that_does_nothing_but_register_is_muted() -> None:
    """LEG-3: a relay that mirrors us does that; it hears no more until it forgets us."""
    room = LegacyRoom()

    assert registering(room, 1000) <= 2 * 121


def test_muted_address_that_sends_data_is_answered_again() -> None:
    room = LegacyRoom()
    registering(room, 300)
    drop(room, encode_legacy(9, b"x"), HOST, 301.0)

    assert drop(room, encode_legacy(1), HOST, 302.0) is None


def test_early_timeout_does_nothing() -> None:
    room = LegacyRoom()
    room.handle_timeout(now=5.0)
    register(room, 1, HOST, 5.0)
    room.handle_timeout(now=5.9)

    assert room.datagrams_to_send() == []


def test_forgotten_host_can_be_anybody() -> None:
    room = LegacyRoom()
    register(room, 1, HOST)
    run(room, 0.0, 200.0)

    assert register(room, 1, EVE, 200.0) == [(encode_legacy(1), EVE)]


def test_earlier_id_of_an_address_is_forgotten_after_its_own_120_s() -> None:
    room = room_of_three()
    register(room, 77, ANN, 10.0)
    for now in range(1, 126):
        room.receive_datagram(encode_legacy(77, b"x"), HOST, now=float(now))
        room.handle_timeout(now=float(now))
    room.datagrams_to_send()

    assert drop(room, encode_legacy(2, b"x"), HOST, 126.0) is DropReason.LEGACY_UNKNOWN_ID
    assert drop(room, encode_legacy(77, b"x"), HOST, 126.0) is None
    assert drop(room, encode_legacy(1, b"x"), ANN, 126.0) is None


def test_data_keeps_every_id_of_its_address_from_strangers() -> None:
    """LEG-2: one forged registration of another id must not cost the host its own."""
    room = room_of_three()
    register(room, 50, HOST, 1.0)
    for now in range(2, 40):
        room.receive_datagram(encode_legacy(2, b"state"), HOST, now=float(now))
    room.datagrams_to_send()

    assert drop(room, encode_legacy(1), EVE, 40.0) is DropReason.LEGACY_TAKEN
