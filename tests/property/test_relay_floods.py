"""Attacks on the relay's memory and time, by numbers of the list of attacks."""

from dataclasses import replace
from typing import Final

import pytest

from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason, ErrorCode, Topology
from packhorse.wire.messages import Error, Grant, PathChallenge
from packhorse_relay.core.settings import Settings
from tests.support.applicant import Applicant, nonce
from tests.support.deliveries import deliveries
from tests.support.relay_harness import UNLIMITED, Members, RawMember, Rig, address
from tests.support.relay_memory import abandon, flood_with_hellos, growth, table_sizes

MIB: Final = 1 << 20
EVE: Final = address(900)
IPV6: Final = TransportAddress("2001:db8::1", 40000)


def test_attack_11_spoofed_hellos_leave_next_to_nothing() -> None:
    """JOIN-1, LIM-1: 10,000 a second from ever new sources; no session, no room, under 2 MB."""
    rig = Rig()

    size = growth(lambda: flood_with_hellos(rig, 3_000, 10_000))

    assert size < 2 * MIB
    assert table_sizes(rig) == [0] * 10
    assert rig.core.next_timeout() is None


def test_attack_11_spoofed_hellos_are_answered_within_the_budget_of_all() -> None:
    """JOIN-2: 200 at once, then 2000 a second."""
    rig = Rig()
    flood_with_hellos(rig, 6000, 6000)

    assert rig.core.drops == {DropReason.REPLY_BUDGET: pytest.approx(3800, abs=5)}


def test_attack_11_cookies_that_nobody_returned_leave_nothing() -> None:
    """JOIN-1: CREATE and JOIN with made-up cookies."""
    rig = Rig()
    for number in range(1000):
        eve = Applicant(address=address(number))
        rig.send(eve.create(bytes(20)), eve.address)
        rig.send(eve.join(bytes(20), "00000000"), eve.address)

    assert rig.core.drops == {DropReason.COOKIE_INVALID: 2000}
    assert table_sizes(rig) == [0] * 10


@pytest.mark.parametrize(
    "count", [500, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(300)])]
)
def test_attack_12_joins_from_one_source_get_32_sessions_that_end(count: int) -> None:
    """LIM-1: all ports together."""
    rig = Rig(UNLIMITED)
    host = rig.create(address(1), max_peers=64)
    refused = []
    for number in range(count):
        eve = Applicant(address=address(900, 1024 + number), nonce=nonce(number))
        refused += [a.code for a in rig.ask_to_join(eve, host.code).answers if isinstance(a, Error)]
    most = rig.core.session_count
    rig.advance(200)

    assert most == 1 + 32
    assert refused == [ErrorCode.QUOTA] * (count - 32)
    assert table_sizes(rig) == [0] * 10


def test_attack_12_joins_from_one_source_are_slowed_down() -> None:
    """LIM-1: the default rates, a try each 0.4 s, for 5 minutes."""
    rig = Rig()
    host = rig.create(address(1), max_peers=64)
    granted, most = 0, 0
    for number in range(750):
        eve = Applicant(address=address(900, 1024 + number), nonce=nonce(number))
        granted += isinstance(rig.ask_to_join(eve, host.code).answer, Grant)
        rig.advance(0.4)
        most = max(most, rig.core.session_count)
        if number % 12 == 0:
            host.send(host.ping())

    assert most <= 1 + 32
    assert granted <= 30 + 30 * 5


def test_attack_12_rooms_from_one_source_are_slowed_down_and_end() -> None:
    """LIM-1: eight live rooms, six more a minute."""
    rig = Rig()
    most = 0
    for number in range(600):
        rig.ask_to_create(Applicant(address=address(900, 1024 + number), nonce=nonce(number)))
        rig.advance(1)
        most = max(most, rig.core.room_count)
    rig.advance(200)

    assert most == 8
    assert table_sizes(rig) == [0] * 10


def test_attack_12_one_ipv6_customer_is_one_source() -> None:
    """LIM-1: a new address of the same /64 for each JOIN."""
    rig = Rig(UNLIMITED)
    host = rig.create(address(1), max_peers=64)
    for number in range(100):
        at = TransportAddress(f"2001:db8:0:7:{number:x}::1", 40000)
        rig.ask_to_join(Applicant(address=at, nonce=nonce(number)), host.code)

    assert rig.core.session_count == 1 + 32


@pytest.mark.parametrize(("bits", "most"), [(56, 4 * 32), (48, 16 * 32)])
def test_attack_12_ipv6_customer_with_many_64_is_a_few_sources(bits: int, most: int) -> None:
    """LIM-1: a new /64 of the same /56 or /48 for each JOIN."""
    rig = Rig(replace(UNLIMITED, max_peers=1024))
    host = rig.create(address(1))
    for number in range(700):
        subnet = number % 200 if bits == 56 else number * 93
        at = TransportAddress(f"2001:db8:7:{subnet:x}::1", 1024 + number)
        rig.ask_to_join(Applicant(address=at, nonce=nonce(number)), host.code)

    assert rig.core.session_count == 1 + most
    rig.advance(200)
    assert table_sizes(rig) == [0] * 10


def test_attack_12_room_quota_counts_a_48_as_sixteen_sources() -> None:
    rig = Rig(UNLIMITED)
    for number in range(200):
        at = TransportAddress(f"2001:db8:7:{number * 256:x}::1", 1024)
        rig.ask_to_create(Applicant(address=at, nonce=nonce(number)))

    assert rig.core.room_count == 16 * 8


def test_attack_13_abandoned_sessions_leave_empty_tables() -> None:
    """LIM-1: of two abandoned a second, those of the last minutes are there, then none."""
    rig = Rig()
    abandon(rig, 300)
    most = rig.core.session_count
    rig.advance(200)

    assert most <= 61 + 121
    assert table_sizes(rig) == [0] * 10
    assert rig.core.next_timeout() is None


def test_attack_13_abandoned_sessions_leave_no_memory() -> None:
    """LIM-1: what the first hundred left is enough for the second hundred."""
    rig = Rig()

    def abandon_until_the_end() -> None:
        abandon(rig, 100)
        rig.advance(200)
        while rig.core.next_event() is not None:
            pass

    abandon_until_the_end()

    assert growth(abandon_until_the_end) < MIB // 10


def test_attack_14_pings_from_ever_new_addresses_pend_on_one_path() -> None:
    """PATH-2: two challenges a second, one pending path, no quota."""
    rig = Rig()
    _, member = rig.room(2)
    challenged = 0
    for number in range(5_000):
        rig.now += 0.001
        sent = member.send(member.ping(), address(1000 + number)).sent
        challenged += sum(isinstance(m, PathChallenge) for m in member.heard(sent))

    session = rig.core._registry.sessions[member.grant.session]
    assert 10 <= challenged <= 2 + 2 * 5
    assert session.address == member.address
    assert rig.core._registry._sessions_by_source.total() == 2


def test_attack_14_session_that_moves_again_and_again_stays_one_session() -> None:
    """PATH-2: chained moves leave no trace at the addresses of before."""
    rig = Rig()
    host, member = rig.room(2)
    before = table_sizes(rig)
    for number in range(200):
        rig.advance(1)
        to = address(1000 + number)
        (challenge,) = member.heard(member.send(member.ping(), to).sent)
        assert isinstance(challenge, PathChallenge)
        member.send(member.path_response(challenge.challenge), to)
        member.address = to
        member.send(member.data(1))
        host.send(host.ping())

    assert deliveries(host.send(host.data(2)).sent)[0].address == address(1199)
    assert table_sizes(rig)[:8] == before[:8]
    assert table_sizes(rig)[9] == 2  # addresses of which routes are kept


@pytest.mark.parametrize("source", [address(2), IPV6])
@pytest.mark.parametrize("first", [0x00, 0xA4, 0xA5, 0xA6, 0xA7, 0xFF])
def test_attack_18_datagrams_of_every_size_do_no_harm(first: int, source: TransportAddress) -> None:
    """HDR-5: none raises, and those over 1406 bytes are dropped whatever they are."""
    rig = Rig()
    rig.room(2)
    drops = [rig.send(bytes([first]) * size, source).drop for size in range(1, 2050)]
    drops += [rig.send(bytes([first]) * size, source).drop for size in (4096, 8192, 65_507)]

    assert None not in drops
    assert set(drops[:5]) == {DropReason.TOO_SHORT}
    assert set(drops[1406:]) == {DropReason.TOO_LARGE}
    assert rig.core.session_count == 2


@pytest.mark.parametrize("size", [1, 2, 1194, 1195, 1399, 1400])
def test_attack_18_payloads_from_1_to_1400_bytes_are_forwarded(size: int) -> None:
    """HDR-5."""
    rig = Rig()
    host, client = rig.room(2)
    (copy,) = deliveries(client.send(client.data(1, bytes(size))).sent)

    assert (len(copy.payload), copy.address) == (size, host.address)


def full_room(rig: Rig, topology: Topology) -> Members:
    return rig.room(c.MAX_PEERS, topology=topology)


def test_attack_19_one_datagram_becomes_at_most_63() -> None:
    """HDR-3, LIM-1: one copy for each other member, whatever the destination."""
    rig = Rig()
    members = full_room(rig, Topology.MESH)
    other = rig.room(2, first=500)
    client: RawMember = members[7]
    counts = [len(client.send(client.data(to)).sent) for to in (0, -1, -8, -9, -(2**31), 2)]
    copies = deliveries(client.send(client.data(0)).sent)

    assert counts == [63, 62, 63, 62, 63, 1]
    assert len({copy.address for copy in copies}) == 63
    assert not {copy.address for copy in copies} & {member.address for member in other}


def test_attack_19_flood_of_a_client_to_all_costs_the_relay_no_more_than_its_budget() -> None:
    """LIM-2: ten times what 63 copies of 1200 bytes may be, for five seconds."""
    rig = Rig()
    members = full_room(rig, Topology.MESH)
    client, seconds, before = members[7], 5, dict(rig.core.drops)
    octets = datagrams = 0
    rate = 10 * c.CLIENT_BYTE_RATE // (63 * 1200)
    for _ in range(rate * seconds):
        rig.now += 1 / rate
        copies = deliveries(client.send(client.data(0, bytes(1194))).sent)
        datagrams += len(copies)
        octets += sum(6 + len(copy.payload) for copy in copies)

    assert octets <= c.CLIENT_BYTE_RATE * (seconds + 1) + 63 * 1200
    assert datagrams <= c.CLIENT_DATAGRAM_RATE * (seconds + 1) + 63
    assert octets >= 0.9 * c.CLIENT_BYTE_RATE * seconds
    assert set(rig.core.drops) - set(before) == {DropReason.DATA_LIMITED}


def test_attack_19_client_of_a_star_room_multiplies_nothing() -> None:
    """ROOM-4."""
    rig = Rig()
    client = full_room(rig, Topology.STAR)[7]
    counts = [len(client.send(client.data(to)).sent) for to in (0, -1, -9, -(2**31), 2, 1)]

    assert counts == [0, 0, 0, 0, 0, 1]


def test_attack_19_answers_that_stand_do_not_grow_with_what_a_member_names() -> None:
    """LIM-1: all but each of 5000 peers, most of whom are not there."""
    rig = Rig(Settings(max_peers=8))
    client = rig.room(8)[3]
    for absent in range(1, 5000):
        rig.core.receive_datagram(client.data(-absent), client.address, now=rig.now)

    by_header = rig.core.table.routes[0][client.address.host, client.address.port]
    assert len(by_header) == 8


def test_session_that_asks_too_often_is_limited_and_recovers() -> None:
    """LIM-1: 40 at once, then 20 a second; the session lives on."""
    rig = Rig()
    host = rig.create(address(1))

    drops = [host.send(host.ping()).drop for _ in range(41)]
    rig.advance(0.1)

    assert drops == [None] * 40 + [DropReason.RATE_LIMITED]
    assert host.send(host.ping()).drop is None


def test_repeated_join_is_answered_five_times_at_once_and_then_once_a_second() -> None:
    """JOIN-4: the repetitions of one attempt are all answered; a flood of them is not."""
    rig = Rig()
    host = rig.create(address(1))
    applicant = Applicant(address=address(7), nonce=nonce(7))
    join = applicant.join(rig.cookie(applicant), host.code)

    answers = [len(rig.send(join, applicant.address).sent) > 0 for _ in range(8)]
    rig.advance(1.0)

    assert answers == [True] * 6 + [False] * 2
    assert rig.send(join, applicant.address).sent
