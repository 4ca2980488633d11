"""Tests of the tables of rooms, sessions and tombstones, and of the caps on their sizes."""

from collections.abc import Callable

import pytest

from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import MAX_TOMBSTONES, DropReason, ErrorCode, Topology
from packhorse.wire.messages import Closed, Error
from packhorse_relay.core.registry import Registry
from packhorse_relay.core.resume_tickets import ResumeTickets
from packhorse_relay.core.settings import Settings
from tests.support.applicant import Applicant, nonce
from tests.support.relay_harness import START, UNLIMITED, RawMember, Rig, address, seeded_bytes

IPV6 = "2001:db8:0:1::{:x}"
TICKETS = ResumeTickets(bytes(32), bytes(8), unix_now=0.0, now=START)


def new_registry(random_bytes: Callable[[int], bytes]) -> Registry:
    return Registry(Settings(), random_bytes, TICKETS)


def refusal(rig: Rig, source: TransportAddress, code: str | None = None, number: int = 99) -> int:
    """Return the error code that one more CREATE, or JOIN of a room, gets."""
    applicant = Applicant(address=source, nonce=nonce(number))
    outcome = rig.ask_to_join(applicant, code) if code else rig.ask_to_create(applicant)
    assert outcome.drop is DropReason.REFUSED
    assert isinstance(outcome.answer, Error)
    return outcome.answer.code


def repeated(first: list[bytes], then: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """Return a source of bytes that gives the values of `first` before others."""
    waiting = list(first)

    def random_bytes(size: int) -> bytes:
        is_next = bool(waiting) and len(waiting[0]) == size
        return waiting.pop(0) if is_next else then(size)

    return random_bytes


def ended_session(rig: Rig) -> RawMember:
    host, client = rig.room(2)
    host.send(host.kick(2))
    return client


def test_relay_takes_as_many_rooms_as_it_may_have() -> None:
    """LIM-1: at the boundary, and over it."""
    rig = Rig(Settings(max_rooms=3))
    for number in range(3):
        rig.create(address(number))

    assert rig.core.room_count == 3
    assert refusal(rig, address(9)) == ErrorCode.RELAY_FULL


def test_relay_takes_as_many_sessions_as_it_may_have() -> None:
    """LIM-1: at the boundary, and over it, for JOIN and CREATE."""
    rig = Rig(Settings(max_sessions=3))
    host, *_ = rig.room(3)

    assert rig.core.session_count == 3
    assert refusal(rig, address(9), host.code) == ErrorCode.RELAY_FULL
    assert refusal(rig, address(9)) == ErrorCode.RELAY_FULL


def test_source_has_eight_live_rooms_at_most() -> None:
    """LIM-1: counted over all ports."""
    rig = Rig(UNLIMITED)
    for number in range(8):
        rig.create(address(1, 40000 + number))

    assert refusal(rig, address(1, 50000)) == ErrorCode.QUOTA
    assert rig.core.room_count == 8


def test_source_gets_another_room_when_one_of_its_rooms_has_ended() -> None:
    rig = Rig(UNLIMITED)
    hosts = [rig.create(address(1, 40000 + number)) for number in range(8)]
    hosts[0].send(hosts[0].leave())
    rig.create(address(1, 50000))

    assert rig.core.room_count == 8


def test_source_has_32_live_sessions_at_most() -> None:
    """LIM-1: counted over all ports, and counted back when one has ended."""
    rig = Rig(UNLIMITED)
    host = rig.create(address(1))
    clients = [rig.join(host.code, address(1, 41000 + number)) for number in range(31)]
    refused = refusal(rig, address(1, 50000), host.code)
    clients[0].send(clients[0].leave())
    rig.join(host.code, address(1, 50000), number=7)

    assert refused == ErrorCode.QUOTA
    assert rig.core.session_count == 32


def test_source_at_its_share_of_sessions_gets_no_room_either() -> None:
    rig = Rig(Settings(sessions_per_source=1))
    rig.create(address(1))

    assert refusal(rig, address(1, 50000)) == ErrorCode.QUOTA


def test_room_whose_host_is_silent_for_60_s_makes_place_for_a_new_one_of_its_source() -> None:
    rig = Rig(Settings(rooms_per_source=1))
    old = rig.create(address(1)).grant.code
    rig.advance(60)

    new = rig.create(address(1, 50000)).grant.code

    assert old != new
    assert rig.core.room_count == 1


def test_room_whose_host_is_lost_for_a_moment_is_not_closed_for_a_neighbour() -> None:
    """Behind one NAT: a neighbour creates rooms while the host changes its network."""
    rig = Rig(Settings(rooms_per_source=1))
    host = rig.create(address(1))
    rig.advance(59)

    assert refusal(rig, address(1, 50000)) == ErrorCode.QUOTA
    assert rig.core._registry.sessions[host.grant.session].is_lost


def test_room_of_another_source_makes_no_place() -> None:
    rig = Rig(Settings(rooms_per_source=1))
    rig.create(address(2))
    rig.advance(58)
    rig.create(address(1))
    rig.advance(4)

    assert refusal(rig, address(1, 50000)) == ErrorCode.QUOTA
    assert rig.core.room_count == 2


def test_ipv6_addresses_of_one_customer_are_one_source() -> None:
    """LIM-1: the same /64 counts together, another does not."""
    rig = Rig(Settings(rooms_per_source=2))
    rig.create(TransportAddress(IPV6.format(1), 1))
    rig.create(TransportAddress(IPV6.format(0xFFFF), 2))
    refused = refusal(rig, TransportAddress(IPV6.format(3), 3))
    rig.create(TransportAddress("2001:db8:0:2::1", 4))

    assert refused == ErrorCode.QUOTA
    assert rig.core.room_count == 3


def test_ipv4_mapped_address_is_the_same_source_as_its_ipv4_address() -> None:
    rig = Rig(Settings(rooms_per_source=1))
    rig.create(TransportAddress("192.0.2.1", 1))

    assert refusal(rig, TransportAddress("::ffff:192.0.2.1", 2)) == ErrorCode.QUOTA


def test_address_whose_tags_are_all_in_use_gets_no_further_session() -> None:
    """LIM-1: 256 sessions of one address, all with different tags."""
    rig = Rig(Settings(sessions_per_source=1000, rooms_per_source=1000, create_rate=1e6))
    tags = set()
    for number in range(256):
        tags.add(rig.create(address(1), number=number).grant.tag)
        rig.advance(0.2)

    assert tags == set(range(256))
    assert refusal(rig, address(1), number=999) == ErrorCode.QUOTA


def test_ended_session_is_remembered_for_60_s() -> None:
    rig = Rig()
    client = ended_session(rig)
    rig.advance(59.9)
    still = client.heard(client.send(client.ping()).sent)
    rig.advance(0.1)

    assert still == [Closed(seq=3, code=ErrorCode.KICKED)]
    assert client.send(client.ping()).drop is DropReason.UNKNOWN_SESSION


def test_ended_sessions_have_a_largest_number_and_the_oldest_gives_way() -> None:
    """LIM-1: 4096 tombstones, and as many attempts that led to them."""
    registry = new_registry(seeded_bytes(1))
    for number in range(MAX_TOMBSTONES + 1):
        room = registry.add_room(b"", Topology.MESH, 2, 2)
        session = registry.add_session(room, address(1), nonce(number), 1200, now=START)
        registry.remove_session(session, 0, now=START)

    assert len(registry.tombstones) == MAX_TOMBSTONES
    assert [registry.has_ended(address(1), nonce(n)) for n in (0, 1)] == [False, True]


def test_room_code_that_is_taken_is_drawn_again() -> None:
    first, second = b"aaaaa", b"bbbbb"
    registry = new_registry(repeated([first, first, second], seeded_bytes(1)))
    codes = {registry.add_room(b"", Topology.MESH, 2, 2).code for _ in range(2)}

    assert len(codes) == 2


@pytest.mark.parametrize("is_ended", [False, True])
def test_session_id_of_a_session_or_tombstone_is_drawn_again(is_ended: bool) -> None:  # noqa: FBT001
    taken = b"idid"
    registry = new_registry(seeded_bytes(1))
    room = registry.add_room(b"", Topology.MESH, 9, 9)
    registry._random_bytes = repeated([b"t", taken], seeded_bytes(1))
    first = registry.add_session(room, address(1), nonce(1), 1200, now=START)
    if is_ended:
        registry.remove_session(first, 0, now=START)
    registry._random_bytes = repeated([b"t", taken, b"next"], seeded_bytes(1))
    second = registry.add_session(room, address(2), nonce(2), 1200, now=START)

    assert first.id == int.from_bytes(taken, "big")
    assert second.id == int.from_bytes(b"next", "big")


def test_nothing_is_counted_when_everything_has_ended() -> None:
    rig = Rig()
    host, *_ = rig.room(3)
    host.send(host.leave())
    rig.advance(60)

    registry = rig.core._registry
    assert len(registry.rooms) == len(registry.sessions) == len(registry.tombstones) == 0
    assert len(registry._by_attempt) == len(registry._ended_attempts) == len(registry.table) == 0
    assert len(registry._rooms_by_source) == len(registry._sessions_by_source) == 0
