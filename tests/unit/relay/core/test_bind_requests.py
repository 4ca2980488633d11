"""Tests of BIND; the attacks on it are in tests/property/test_bind_attacks.py."""

from dataclasses import replace

from packhorse.wire.constants import DropReason, ErrorCode, RoomEventKind
from packhorse.wire.messages import Closed, Events, Pong, Roster
from tests.support.applicant import Applicant, nonce
from tests.support.binding_harness import Binding, RestartableRig, refusal_of
from tests.support.deliveries import deliveries
from tests.support.relay_harness import UNLIMITED, address

NEW = address(700)


def test_bind_moves_the_session_and_tells_the_old_path() -> None:
    """RES-5."""
    rig = RestartableRig()
    host, client = rig.room(2)
    outcome = Binding.of(client, NEW).send(rig)
    bound = Binding.of(client, NEW).bound(rig, outcome)

    closed = [(m.code, at) for m, at in client.heard_at(outcome.sent) if isinstance(m, Closed)]
    assert closed == [(ErrorCode.REPLACED, client.address)]
    assert [type(message) for message in bound.inbox] == [Roster]
    assert [each.address for each in deliveries(host.send(host.data(2)).sent)] == [NEW]
    assert bound.send(bound.data(1)).drop is None
    pongs = bound.heard(bound.send(bound.ping()).sent)
    assert [type(message) for message in pongs] == [Pong]


def test_others_do_not_notice_a_change_of_path() -> None:
    rig = RestartableRig()
    host, client = rig.room(2)

    assert host.heard(Binding.of(client, NEW).send(rig).sent) == []


def test_others_are_told_of_a_restarted_member() -> None:
    rig = RestartableRig()
    host, client = rig.room(2)
    outcome = replace(Binding.of(client, NEW), restarted=True).send(rig)

    events = [
        event for m in host.heard(outcome.sent) if isinstance(m, Events) for event in m.events
    ]
    assert [(kind, peer, code) for _, kind, peer, code in events] == [
        (RoomEventKind.PEER_LEFT, 2, ErrorCode.REPLACED),
        (RoomEventKind.PEER_JOINED, 2, 1),
    ]


def test_restarts_are_counted_once_each_and_from_0_again_after_63() -> None:
    """RES-13: a copy of the same BIND is none, and neither is one without `restarted`."""
    rig = RestartableRig()
    _, client = rig.room(2)
    session = rig.core._registry.sessions[client.grant.session]
    session.restarts = 62
    binding = replace(Binding.of(client, NEW), restarted=True)
    counts = []
    for _ in range(2):
        binding.send(rig)
        counts.append(session.restarts)
    rig.advance(3.0)
    replace(Binding.of(client, NEW, 501), restarted=True).send(rig)
    counts.append(session.restarts)
    rig.advance(3.0)
    Binding.of(client, NEW, 502).bound(rig)

    assert [*counts, session.restarts] == [63, 63, 0, 0]


def test_bind_of_a_lost_member_finds_it() -> None:
    rig = RestartableRig()
    host, client = rig.room(2)
    rig.advance(16.0)
    host.send(host.ping())

    told = host.heard(Binding.of(client, NEW).send(rig).sent)

    assert [m.events[0][1] for m in told if isinstance(m, Events)] == [RoomEventKind.PEER_FOUND]


def test_member_binds_again_from_its_own_address() -> None:
    """A tag of its own tells the new epoch from late datagrams of the old one."""
    rig = RestartableRig()
    host, client = rig.room(2)
    bound = Binding.of(client, client.address).bound(rig)

    assert bound.grant.tag != client.grant.tag
    assert client.send(client.data(1)).drop is DropReason.UNKNOWN_SOURCE
    assert bound.send(bound.data(1)).drop is None
    assert len(deliveries(host.send(host.data(2)).sent)) == 1


def test_address_without_a_free_tag_takes_no_session() -> None:
    rig = RestartableRig(replace(UNLIMITED, sessions_per_source=256))
    _, client = rig.room(2)
    host = rig.create(NEW)
    for number in range(2, 257):
        joined = rig.ask_to_join(Applicant(address=NEW, nonce=nonce(number)), host.code)
        if joined.drop is not None:
            host = rig.create(NEW, number=1000 + number)

    assert refusal_of(Binding.of(client, NEW, 5000).send(rig)) == ErrorCode.QUOTA


def test_ended_session_is_told_why() -> None:
    rig = RestartableRig()
    host, client = rig.room(2)
    client.send(client.leave())
    assert refusal_of(Binding.of(client, NEW).send(rig)) == ErrorCode.SESSION_UNKNOWN
    host.send(host.leave())

    forged = replace(Binding.of(host, NEW, 501), key=bytes(32))
    assert refusal_of(forged.send(rig)) == ErrorCode.SESSION_UNKNOWN


def test_attack_one_nonce_for_two_sessions_restores_only_one_of_them() -> None:
    """RES-2: a relay that took both would stop when it came to remove the second."""
    rig = RestartableRig()
    host, client = rig.room(2)
    rig.restart()
    Binding.of(host, NEW).bound(rig)

    assert Binding.of(client, NEW).send(rig).drop is DropReason.REPLAYED
    rig.advance(300.0)
    assert rig.core.session_count == len(rig.core._registry._by_attempt) == 0


def test_attack_bind_with_the_nonce_of_its_own_join_is_a_replay() -> None:
    """RES-2: it led to an epoch that no BIND began, for which there is no share to grant again."""
    rig = RestartableRig()
    _, client = rig.room(2)
    own = next(n for n in range(100) if rig.core._registry.find_attempt(client.address, nonce(n)))

    assert Binding.of(client, client.address, own).send(rig).drop is DropReason.REPLAYED


def test_nonce_of_an_ended_session_moves_no_other() -> None:
    """RES-2: when the first of two tombstones is forgotten, so is the nonce of both."""
    rig = RestartableRig()
    host, client = rig.room(2)
    bound = Binding.of(client, NEW).bound(rig)
    bound.send(bound.leave())

    assert Binding.of(host, NEW).send(rig).drop is DropReason.REPLAYED


def test_attempts_of_a_session_are_forgotten_with_the_oldest_first() -> None:
    """LIM-1: 32 of them."""
    rig = RestartableRig()
    _, client = rig.room(2)
    for number in range(40):
        rig.advance(1.0)
        Binding.of(client, NEW, 600 + number).bound(rig)

    [session] = [s for s in rig.core._registry.sessions.values() if s.peer == 2]
    assert len(session.attempts) == 32
    assert len(rig.core._registry._by_attempt) == 33
