"""Tests of rooms that come back; the attacks on it are in tests/property/test_bind_attacks.py."""

from dataclasses import replace
from typing import Any

import pytest

from packhorse.wire.constants import RESUME_ID_GAP, DropReason, ErrorCode, PeerState
from packhorse.wire.messages import Ack, Closed, Events, JoinRequest, Pong, Roster
from packhorse.wire.room_code import RoomCode
from tests.support.applicant import Applicant, nonce
from tests.support.binding_harness import Binding, RestartableRig, refusal_of
from tests.support.relay_harness import RawMember, address


def back(rig: RestartableRig, member: RawMember) -> RawMember:
    return Binding.of(member, member.address).bound(rig)


def test_room_comes_back_with_code_ids_topology_and_size() -> None:
    """RES-7."""
    rig = RestartableRig()
    host = rig.create(address(1), max_peers=5)
    client = rig.join(host.code, address(2))
    rig.restart()

    again = back(rig, client)

    assert again.peer == client.peer == 2
    assert again.grant.session == client.grant.session
    assert (again.code, again.grant.max_peers) == (host.code, 5)
    assert again.send(again.data(1)).drop is DropReason.UNKNOWN_DESTINATION
    assert back(rig, host).peer == 1
    assert again.send(again.data(1)).drop is None


def test_members_that_are_back_are_told_of_those_that_follow() -> None:
    rig = RestartableRig()
    host, client = rig.room(2)
    rig.restart()
    first = back(rig, host)

    outcome = Binding.of(client, client.address).send(rig)

    [events] = [m for m in first.heard(outcome.sent) if isinstance(m, Events)]
    assert events.events == ((2, 1, 2, 0),)


def test_ids_go_on_far_above_all_that_can_come_back() -> None:
    """RES-7."""
    rig = RestartableRig()
    host, _ = rig.room(2)
    assert host.grant.resume_ticket is not None
    rig.restart()
    back(rig, host)

    joined = rig.join(host.code, address(9))

    assert joined.peer == 2 + RESUME_ID_GAP


def test_room_is_closed_when_its_host_does_not_come_back() -> None:
    """RES-9."""
    rig = RestartableRig()
    _, client = rig.room(2)
    rig.restart()
    again = back(rig, client)
    sent = []
    for _ in range(12):
        again.send(again.ping())
        sent += rig.advance(10.0)

    closed = [m.code for m in again.heard(sent) if isinstance(m, Closed)]
    assert closed == [ErrorCode.HOST_LOST]
    assert rig.core.room_count == 0


def test_client_does_not_come_back_once_the_room_has_recovered() -> None:
    """RES-8: the others were told that he has left."""
    rig = RestartableRig()
    host, client = rig.room(2)
    rig.restart()
    first = back(rig, host)
    for _ in range(5):
        first.send(first.ping())
        rig.advance(10.0)
    first.send(first.ping())
    [roster] = [m for m in first.heard(rig.advance(10.0)) if isinstance(m, Roster)]
    assert (roster.peers, roster.recovering) == (((1, PeerState.PRESENT),), None)

    outcome = Binding.of(client, client.address).send(rig)

    assert refusal_of(outcome) == ErrorCode.SESSION_UNKNOWN


def test_member_that_is_behind_the_recovery_gets_the_roster() -> None:
    rig = RestartableRig()
    host, _ = rig.room(2)
    rig.restart()
    first = back(rig, host)
    for _ in range(6):
        first.send(first.ping())
        rig.advance(10.0)

    answer = first.heard(first.send(first.sync(1)).sent)

    assert [type(message) for message in answer] == [Roster]


def test_kick_of_a_member_that_is_away_keeps_it_away() -> None:
    rig = RestartableRig()
    host, client, other = rig.room(3)
    rig.restart()
    first, third = back(rig, host), back(rig, other)

    told = third.heard(first.send(first.kick(2)).sent)

    assert [m.events[0][1:] for m in told if isinstance(m, Events)] == [(2, 2, ErrorCode.KICKED)]
    outcome = Binding.of(client, client.address).send(rig)
    assert refusal_of(outcome) == ErrorCode.KICKED
    assert third.heard(first.send(first.kick(2)).sent) == []


def test_room_without_a_host_is_joined_when_he_is_back() -> None:
    """RES-9: the answer says when to ask again."""
    rig = RestartableRig()
    host, client = rig.room(2)
    rig.restart()
    back(rig, client)
    outcome = rig.ask_to_join(Applicant(address=address(9)), host.code)
    assert refusal_of(outcome) == ErrorCode.RATE_LIMITED

    back(rig, host)

    assert rig.join(host.code, address(9), number=2).peer > RESUME_ID_GAP


def test_last_client_that_leaves_a_room_without_a_host_closes_it() -> None:
    rig = RestartableRig()
    _, client = rig.room(2)
    rig.restart()
    again = back(rig, client)

    again.send(again.leave())

    assert (rig.core.room_count, rig.core.session_count) == (0, 0)


def test_decision_about_a_request_of_before_admits_nobody() -> None:
    """RES-14: the host's dialog is older than the relay."""
    rig = RestartableRig()
    host = rig.create(address(1))
    host.send(host.set_room(approval=True))
    [before] = requests_of(rig, host, 50)
    rig.restart()
    again = back(rig, host)
    again.send(again.set_room(approval=True, locked=False))
    [request] = requests_of(rig, again, 51)

    outcome = again.send(again.decide(before, admit=True))

    [ack] = [m for m in again.heard(outcome.sent) if isinstance(m, Ack)]
    assert ack.code == ErrorCode.REQUEST_UNKNOWN
    assert 0 < request <= 2**30
    assert rig.core.session_count == 1


def requests_of(rig: RestartableRig, host: RawMember, number: int) -> list[int]:
    """Return the numbers by which the host is told of somebody who wants to join."""
    applicant = Applicant(address=address(number), nonce=nonce(number))
    sent = rig.ask_to_join(applicant, host.code).sent
    return [m.request for m in host.heard(sent) if isinstance(m, JoinRequest)]


KEY = bytes(range(32))
GUARDED = [
    {"locked": True},
    {"password_key": KEY},
    {"approval": True},
]


def ticket_of(member: RawMember) -> bytes:
    """Return the newest ticket, which PONG brings."""
    [pong] = [m for m in member.heard(member.send(member.ping()).sent) if isinstance(m, Pong)]
    assert pong.resume_ticket is not None
    return pong.resume_ticket


def asked(rig: RestartableRig, code: str, number: int) -> int:
    """Return the refusal of somebody who knows code and password."""
    applicant = Applicant(address=address(number), nonce=nonce(number))
    return refusal_of(rig.ask_to_join(applicant, code, KEY))


@pytest.mark.parametrize("change", GUARDED, ids=lambda change: next(iter(change)))
def test_guarded_room_stays_locked_until_its_host_says_who_may_join(
    change: dict[str, Any],
) -> None:
    """RES-12, ADM-5: not even with the password, and refused like a code of no room."""
    rig = RestartableRig()
    host, client = rig.room(2)
    host.send(host.set_room(**change))
    tickets = {member: ticket_of(member) for member in (host, client)}
    rig.restart()

    replace(Binding.of(client, client.address), ticket=tickets[client]).bound(rig)
    assert asked(rig, host.code, 20) == ErrorCode.JOIN_DENIED
    again = replace(Binding.of(host, host.address), ticket=tickets[host]).bound(rig)
    assert asked(rig, host.code, 21) == ErrorCode.JOIN_DENIED
    again.send(again.set_room(locked=False))

    assert rig.join(host.code, address(22)).peer > RESUME_ID_GAP


def test_host_that_says_so_finds_its_room_locked_though_no_ticket_does() -> None:
    """RES-12."""
    rig = RestartableRig()
    host, _ = rig.room(2)
    rig.restart()
    again = replace(Binding.of(host, host.address), guarded=True).bound(rig)

    assert asked(rig, host.code, 50) == ErrorCode.JOIN_DENIED
    again.send(again.set_room(locked=False))
    assert rig.join(host.code, address(51)).peer > 2


def test_attack_client_does_not_lock_the_room_by_saying_that_it_is_guarded() -> None:
    """RES-12: its host would not know, and never unlock it."""
    rig = RestartableRig()
    host, client = rig.room(2)
    rig.restart()
    replace(Binding.of(client, client.address), guarded=True).bound(rig)
    back(rig, host)

    assert rig.join(host.code, address(50)).peer > 2


def test_host_whose_ticket_tells_of_no_lock_is_enough_to_open_a_room_that_was_unlocked() -> None:
    rig = RestartableRig()
    host, client = rig.room(2)
    host.send(host.set_room(locked=True))
    locked = ticket_of(client)
    host.send(host.set_room(locked=False))
    tickets = ticket_of(host), ticket_of(client)
    rig.restart()
    replace(Binding.of(host, host.address), ticket=tickets[0]).bound(rig)

    replace(Binding.of(client, client.address), ticket=locked).bound(rig)

    assert rig.join(host.code, address(22)).peer > RESUME_ID_GAP


def test_room_that_is_back_is_not_public_until_its_host_says_so() -> None:
    """ADM-10."""
    rig = RestartableRig()
    host = rig.create(address(1))
    host.send(host.set_room(listed=True))
    assert len(rig.core._registry.public) == 1
    rig.restart()
    back(rig, host)

    assert len(rig.core._registry.public) == 0


def test_room_of_an_application_is_its_own_again() -> None:
    """ADM-3."""
    rig = RestartableRig()
    host = rig.create(address(1))
    rig.core._registry.rooms[RoomCode(host.code)].app = "tag"
    ticket = ticket_of(host)
    rig.restart()
    replace(Binding.of(host, host.address), ticket=ticket).bound(rig)

    room = rig.core._registry.rooms[RoomCode(host.code)]
    assert (room.is_foreign("chess"), room.is_foreign("tag")) == (True, False)
