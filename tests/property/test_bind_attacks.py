"""Attacks on taking sessions up again, by numbers of the list of attacks and by advisories."""

from dataclasses import replace

import pytest

from packhorse.wire.constants import DropReason, ErrorCode
from packhorse.wire.messages import Ack, Closed, PathChallenge, Ping, Roster
from packhorse.wire.room_code import RoomCode
from packhorse.wire.seal import encode_seal
from packhorse_relay.core.rooms import Session
from tests.support.applicant import Applicant, nonce
from tests.support.binding_harness import Binding, RestartableRig, refusal_of
from tests.support.deliveries import deliveries
from tests.support.relay_harness import UNLIMITED, address

NEW, VICTIM, EVE = address(700), address(800), address(900)


def pending_of(session: Session) -> bool:
    """Tell whether a new address of the session has to prove itself."""
    return session.pending is not None


def test_attack_05_bind_cannot_send_the_traffic_of_a_room_to_a_victim() -> None:
    """RES-1: the cookie of the attacker's own address is worth nothing at the victim's."""
    rig = RestartableRig()
    host, client = rig.room(2)
    bind = Binding.of(client, NEW).datagram(rig)

    outcome = rig.send(bind, VICTIM)

    assert outcome.drop is DropReason.COOKIE_INVALID
    assert sum(len(data) for data in outcome.to(VICTIM)) <= len(bind)
    assert [each.address for each in deliveries(host.send(host.data(2)).sent)] == [client.address]


def test_attack_14_chained_resumes_leave_one_pending_path_at_most() -> None:
    """PATH-2: PINGs from ever new addresses, and BINDs between them (coturn a97f192)."""
    rig = RestartableRig()
    _, member = rig.room(2)
    sizes = set()
    for number in range(40):
        rig.advance(1.0)
        for port in range(3):
            member.send(member.ping(), address(100 + number, 50000 + port))
        [session] = [s for s in rig.core._registry.sessions.values() if s.peer == 2]
        assert pending_of(session)
        member = Binding.of(member, address(300 + number), 600 + number).bound(rig)
        assert not pending_of(session)
        sizes.add((len(rig.core._registry.sessions), len(rig.core.table)))

    assert sizes == {(2, 2)}
    assert len(rig.core._registry._by_attempt) <= 1 + 32


def test_attack_35_bind_with_the_key_of_another_session_is_refused() -> None:
    """RES-1: authorised by the target's key, never by the presenter's (coturn #1969)."""
    rig = RestartableRig()
    host, client, eve = rig.room(3)
    stolen = replace(Binding.of(eve, EVE), session=client.grant.session)

    for ticket in (eve.grant.resume_ticket, client.grant.resume_ticket, None):
        outcome = replace(stolen, ticket=ticket).send(rig)
        assert outcome.drop is DropReason.REFUSED
        assert refusal_of(outcome) == ErrorCode.SESSION_UNKNOWN

    assert [each.address for each in deliveries(host.send(host.data(2)).sent)] == [client.address]
    assert client.send(client.ping()).drop is None


def test_bind_with_the_key_of_another_session_is_refused_after_a_restart() -> None:
    """RES-1: the key follows from the ticket, and the ticket names its session."""
    rig = RestartableRig()
    _, client, eve = rig.room(3)
    rig.restart()
    stolen = replace(Binding.of(eve, EVE), session=client.grant.session)

    for ticket in (eve.grant.resume_ticket, client.grant.resume_ticket):
        outcome = replace(stolen, ticket=ticket).send(rig)
        assert refusal_of(outcome) == ErrorCode.SESSION_UNKNOWN

    assert rig.core.session_count == 0


def test_attack_09_replayed_bind_moves_nothing() -> None:
    """RES-2: seen again from the same address, after the session has moved on."""
    rig = RestartableRig()
    host, client = rig.room(2)
    first = Binding.of(client, NEW).datagram(rig)
    rig.send(first, NEW)
    moved = Binding.of(client, address(701), 501).bound(rig)

    outcome = rig.send(first, NEW)

    assert outcome.drop is DropReason.REPLAYED
    assert outcome.sent == []
    assert [each.address for each in deliveries(host.send(host.data(2)).sent)] == [moved.address]


def test_repeated_bind_gets_the_same_epoch_again() -> None:
    """RES-2: its GRANT was lost; nothing is done twice."""
    rig = RestartableRig()
    _, client = rig.room(2)
    binding = Binding.of(client, NEW)
    datagram = binding.datagram(rig)
    first = binding.bound(rig, rig.send(datagram, NEW))
    again = binding.bound(rig, rig.send(datagram, NEW))

    assert again.keys == first.keys
    assert again.grant.tag == first.grant.tag
    assert again.inbox == []
    drops = [rig.send(datagram, NEW).drop for _ in range(20)]
    assert drops[-1] is DropReason.RATE_LIMITED


def test_late_copy_of_join_does_not_undo_a_bind() -> None:
    """RES-2, JOIN-4: it starts neither the session of before nor another."""
    rig = RestartableRig()
    host = rig.create(address(1))
    at = address(2)
    applicant_join = rig.join(host.code, at)
    Binding.of(applicant_join, NEW).bound(rig)
    before = rig.core.session_count

    again = Binding.of(applicant_join, at, 1)
    outcome = rig.send(again.datagram(rig), at)

    assert outcome.drop is DropReason.REPLAYED
    assert rig.core.session_count == before


def test_seal_of_the_epoch_before_is_not_taken() -> None:
    """RES-3, RES-5: captured or late, it is told REPLACED and renews nothing."""
    rig = RestartableRig()
    _, client = rig.room(2)
    captured = client.ping()
    leave = client.leave()
    bound = Binding.of(client, NEW).bound(rig)
    [session] = [s for s in rig.core._registry.sessions.values() if s.peer == 2]
    rig.advance(5.0)
    heard = session.last_heard

    outcome = rig.send(captured, client.address)

    assert outcome.drop is DropReason.UNKNOWN_SESSION
    assert [m.code for m in client.heard(outcome.sent) if isinstance(m, Closed)] == [
        ErrorCode.REPLACED
    ]
    assert rig.send(leave, client.address).drop is DropReason.UNKNOWN_SESSION
    assert session.last_heard == heard
    assert bound.send(bound.ping()).drop is None


def test_answer_to_the_epoch_before_is_never_larger_than_what_asks_and_ends() -> None:
    """JOIN-2, RES-5: from any address, within the budget, for a minute."""
    rig = RestartableRig()
    _, client = rig.room(2)
    Binding.of(client, NEW).bound(rig)
    captured = client.ping()

    outcome = rig.send(captured, VICTIM)
    assert sum(len(data) for data in outcome.to(VICTIM)) <= len(captured)
    rig.advance(60.0)
    late = rig.send(captured, client.address)
    assert late.drop in {DropReason.BAD_MAC, DropReason.UNKNOWN_SESSION}
    assert client.heard(late.sent) == []


def test_garbage_for_a_bound_session_is_a_bad_mac() -> None:
    rig = RestartableRig()
    _, client = rig.room(2)
    Binding.of(client, NEW).bound(rig)
    forged = encode_seal(Ping(seq=9), client.grant.session, client.grant.tag, bytes(32))

    outcome = rig.send(forged, EVE)

    assert outcome.drop is DropReason.BAD_MAC
    assert outcome.sent == []


@pytest.mark.parametrize("place", range(69))
def test_forged_ticket_restores_nothing(place: int) -> None:
    """RES-6: one bit wrong in any byte."""
    rig = RestartableRig()
    host = rig.create(address(1))
    rig.restart()
    assert host.grant.resume_ticket is not None
    ticket = bytearray(host.grant.resume_ticket)
    assert len(ticket) == 69
    ticket[place] ^= 1 << place % 8

    outcome = replace(Binding.of(host, NEW), ticket=bytes(ticket)).send(rig)

    assert refusal_of(outcome) == ErrorCode.SESSION_UNKNOWN
    assert rig.core.room_count == 0


def test_expired_ticket_restores_nothing() -> None:
    """RES-6: 30 s after the lease of its session at the latest."""
    rig = RestartableRig()
    _, client = rig.room(2)
    rig.now += 89.0
    rig.restart()
    assert Binding.of(client, NEW).send(rig).drop is None

    rig = RestartableRig()
    _, client = rig.room(2)
    rig.now += 91.0
    rig.restart()
    assert refusal_of(Binding.of(client, NEW).send(rig)) == ErrorCode.SESSION_UNKNOWN


def test_ticket_of_another_relay_restores_nothing() -> None:
    """RES-6."""
    rig = RestartableRig()
    host = rig.create(address(1))
    rig.restart(secret=bytes(32))

    assert refusal_of(Binding.of(host, NEW).send(rig)) == ErrorCode.SESSION_UNKNOWN
    assert rig.core.room_count == 0


def test_ticket_restores_a_session_once_in_a_run() -> None:
    """RES-6: a session that was restored and has ended does not come back."""
    rig = RestartableRig()
    host, client = rig.room(2)
    rig.restart()
    Binding.of(host, address(1)).bound(rig)
    back = Binding.of(client, NEW).bound(rig)
    back.send(back.leave())
    rig.advance(61.0)

    outcome = Binding.of(client, NEW, 502).send(rig)

    assert refusal_of(outcome) == ErrorCode.SESSION_UNKNOWN


def test_kicked_member_does_not_return_by_its_ticket() -> None:
    """RES-6: where the relay lives on, its tickets restore nothing."""
    rig = RestartableRig()
    host, client = rig.room(2)
    host.send(host.kick(2))

    assert refusal_of(Binding.of(client, NEW).send(rig)) == ErrorCode.KICKED
    rig.advance(61.0)
    assert refusal_of(Binding.of(client, NEW, 501).send(rig)) == ErrorCode.SESSION_UNKNOWN


def test_room_that_was_restored_and_closed_stays_closed() -> None:
    """RES-6: no ticket of the run before opens it again."""
    rig = RestartableRig()
    host, client = rig.room(2)
    rig.restart()
    back = Binding.of(host, address(1)).bound(rig)
    back.send(back.leave())

    assert refusal_of(Binding.of(client, NEW).send(rig)) == ErrorCode.SESSION_UNKNOWN
    assert rig.core.room_count == 0


def test_tickets_count_only_in_the_first_two_minutes_of_a_run() -> None:
    """RES-6: whoever was in a room before has given up by then."""
    rig = RestartableRig()
    host = rig.create(address(1))
    rig.restart()
    rig.now += 119.0
    assert Binding.of(host, NEW).send(rig).drop is None

    rig = RestartableRig()
    host = rig.create(address(1))
    rig.restart()
    rig.now += 120.0
    assert refusal_of(Binding.of(host, NEW).send(rig)) == ErrorCode.SESSION_UNKNOWN


def test_attack_35_nobody_becomes_the_host_of_a_room_that_waits_for_it() -> None:
    """RES-9: not by JOIN, not by BIND, not by another room's host."""
    rig = RestartableRig()
    host, client = rig.room(2)
    other = rig.create(address(50))
    rig.restart()
    Binding.of(client, address(2)).bound(rig)
    Binding.of(other, address(50)).bound(rig)

    stranger = rig.ask_to_join(Applicant(address=EVE), host.code)
    assert refusal_of(stranger) == ErrorCode.RATE_LIMITED
    forged = replace(Binding.of(client, EVE, 503), session=host.grant.session)
    for ticket in (client.grant.resume_ticket, host.grant.resume_ticket):
        outcome = replace(forged, ticket=ticket).send(rig)
        assert refusal_of(outcome) == ErrorCode.SESSION_UNKNOWN
    room = rig.core._registry.rooms[RoomCode(host.code)]
    assert list(room.sessions) == [2]
    assert Binding.of(host, address(1)).bound(rig).peer == 1


def test_attack_35_nobody_becomes_the_host_while_it_is_lost() -> None:
    rig = RestartableRig()
    host, client = rig.room(2)
    rig.advance(20.0)
    client.send(client.ping())

    joined = rig.join(host.code, EVE)

    assert joined.peer == 3
    kick = joined.heard(joined.send(joined.kick(2)).sent)
    assert [m.code for m in kick if isinstance(m, Ack)] == [ErrorCode.NOT_ALLOWED]


def test_attack_14_bind_flood_of_one_session_is_limited() -> None:
    """Attack 14: five at once, then one a second."""
    rig = RestartableRig()
    _, client = rig.room(2)
    drops = [Binding.of(client, NEW, 510 + number).send(rig).drop for number in range(9)]

    assert drops == [None] * 5 + [DropReason.RATE_LIMITED] * 4


def test_attack_14_bind_flood_of_one_source_is_limited() -> None:
    rig = RestartableRig(replace(UNLIMITED, bind_rate=2.0))
    drops = []
    for number in range(70):
        binding = Binding(at=EVE, session=number, key=bytes(32), ticket=None, number=number)
        drops.append(refusal_of(binding.send(rig)))

    assert drops == [ErrorCode.SESSION_UNKNOWN] * 64 + [ErrorCode.RATE_LIMITED] * 6


def test_challenge_of_an_unproven_path_is_void_after_a_bind() -> None:
    """PATH-2: the newest wins."""
    rig = RestartableRig()
    _, client = rig.room(2)
    sent = client.send(client.ping(), EVE).sent
    [challenge] = [m.challenge for m in client.heard(sent) if isinstance(m, PathChallenge)]
    bound = Binding.of(client, NEW).bound(rig)

    outcome = bound.send(bound.path_response(challenge), EVE)

    assert outcome.drop is DropReason.PATH_UNPROVEN


def test_rooms_of_a_full_relay_are_not_restored() -> None:
    """LIM-1."""
    rig = RestartableRig(replace(UNLIMITED, max_rooms=1))
    host = rig.create(address(1))
    rig.restart()
    rig.create(address(2))

    assert refusal_of(Binding.of(host, NEW).send(rig)) == ErrorCode.RELAY_FULL


def test_restored_rooms_count_for_their_hosts() -> None:
    """LIM-1: a quota that a restart would lift is no quota (coturn 3c5b261)."""
    rig = RestartableRig(replace(UNLIMITED, rooms_per_source=1))
    host = rig.create(address(1))
    rig.restart()
    Binding.of(host, address(1)).bound(rig)

    again = rig.ask_to_create(Applicant(address=address(1), nonce=nonce(9)))

    assert refusal_of(again) == ErrorCode.QUOTA


def test_nothing_stays_of_restored_rooms_that_have_ended() -> None:
    """Attack 13."""
    rig = RestartableRig()
    members = rig.room(3)
    rig.restart()
    for member in members[1:]:
        Binding.of(member, member.address).bound(rig)
    rig.advance(300.0)

    registry = rig.core._registry
    counts = [len(registry.rooms), len(registry.sessions), len(registry.tombstones)]
    counts += [len(registry._by_attempt), len(registry._rooms_by_source), len(rig.core.table)]
    assert counts == [0] * 6
    assert rig.core.next_timeout() is None


def test_roster_of_a_recovering_room_says_so_until_it_has_recovered() -> None:
    """RES-8."""
    rig = RestartableRig()
    host, _ = rig.room(2)
    rig.restart()
    back = Binding.of(host, address(1)).bound(rig)
    assert back.inbox == [Roster(seq=1, rev=1, page=0, pages=1, peers=((1, 0),), recovering=True)]

    rig.advance(50.0)
    back.send(back.ping())
    [roster] = [m for m in back.heard(rig.advance(10.0)) if isinstance(m, Roster)]
    assert (roster.rev, roster.recovering) == (4, None)
