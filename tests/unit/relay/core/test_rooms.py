"""Tests of rooms and sessions as plain state."""

import pytest

from packhorse.wire.constants import BANS_PER_ROOM, HISTORY_LENGTH, RESULT_CACHE, RoomEventKind
from packhorse.wire.messages import PathChallenge
from packhorse_relay.core.rooms import Room, RoomEvent, Session, label_of
from tests.support.applicant import Applicant, nonce
from tests.support.relay_harness import Outcome, RawMember, Rig, address


def empty_room(max_peers: int = 64) -> Room:
    rig = Rig()
    host = rig.create(address(1), max_peers=max_peers)
    room = room_of(rig)
    host.send(host.leave())
    return room


def room_of(rig: Rig) -> Room:
    return next(iter(rig.core._registry.rooms.values()))


def session_of(rig: Rig) -> Session:
    return next(iter(rig.core._registry.sessions.values()))


def recorded(count: int) -> Room:
    """Return a room whose revision is `count`."""
    room = empty_room()
    room.rev = 0
    room.history.clear()
    for peer in range(1, count + 1):
        room.record(RoomEventKind.PEER_JOINED, peer)
    return room


def test_peer_ids_ascend_and_are_never_given_twice() -> None:
    """JOIN-6: also not when the peers have left."""
    rig = Rig()
    host = rig.create(address(1))
    peers = []
    for number in range(2, 6):
        member = rig.join(host.code, address(number))
        peers.append(member.peer)
        member.send(member.leave())

    assert (host.peer, peers) == (1, [2, 3, 4, 5])


def test_each_event_is_the_next_revision() -> None:
    room = recorded(1)

    assert room.record(RoomEventKind.PEER_LEFT, 7, 402) == RoomEvent(2, 2, 7, 402)
    assert room.rev == 2


@pytest.mark.parametrize(("since", "revs"), [(1, [2, 3]), (2, [3]), (3, []), (4, []), (9, [])])
def test_events_since_a_revision_are_those_after_it(since: int, revs: list[int]) -> None:
    events = recorded(3).events_since(since)

    assert events is not None
    assert [event.rev for event in events] == revs


def test_events_since_nothing_are_never_told() -> None:
    """A member without a roster needs one."""
    assert recorded(3).events_since(0) is None


@pytest.mark.parametrize(("since", "is_told"), [(7, False), (8, True), (9, True)])
def test_events_are_told_as_far_as_the_history_goes_back(
    since: int,
    is_told: bool,  # noqa: FBT001
) -> None:
    """LIM-1: 32 events are kept, of 40 here those from 9 on."""
    room = recorded(HISTORY_LENGTH + 8)

    assert (room.events_since(since) is not None) is is_told
    assert len(room.history) == HISTORY_LENGTH


def test_bans_have_a_largest_number_and_the_oldest_gives_way() -> None:
    """LIM-1: 64 bans are kept."""
    room = empty_room()
    sources = [bytes([number]) for number in range(BANS_PER_ROOM)]
    for source in sources:
        room.ban(source)
    were_all_banned = all(room.is_banned(source) for source in sources)
    room.ban(b"one more")

    assert were_all_banned
    assert [room.is_banned(source) for source in (*sources[:2], b"one more")] == [False, True, True]


def test_source_that_is_banned_again_is_no_longer_the_oldest() -> None:
    room = empty_room()
    for number in [*range(BANS_PER_ROOM), 0, BANS_PER_ROOM]:
        room.ban(bytes([number]))

    assert [room.is_banned(bytes([number])) for number in (0, 1, 2)] == [True, False, True]


def test_label_of_a_room_is_the_start_of_a_hash_of_its_code() -> None:
    assert label_of("K7QM2XPA") == "b54f"


def test_room_is_full_at_its_largest_number_of_members() -> None:
    rig = Rig()
    host = rig.create(address(1), max_peers=2)
    was_full = room_of(rig).is_full
    rig.join(host.code, address(2))

    assert not was_full
    assert room_of(rig).is_full


@pytest.mark.parametrize(("next_peer", "is_full"), [(2**31 - 1, False), (2**31, True)])
def test_room_is_full_when_no_peer_id_is_left(next_peer: int, is_full: bool) -> None:  # noqa: FBT001
    """JOIN-6: an id is never given twice, not even when all have been given."""
    room = empty_room()
    room.next_peer = next_peer

    assert room.is_full is is_full


def test_results_have_a_largest_number_and_the_oldest_gives_way() -> None:
    """LIM-1: 8 results are kept."""
    rig = Rig()
    rig.create(address(1))
    session = session_of(rig)
    for request in range(RESULT_CACHE + 1):
        session.remember_result(request, b"")

    assert list(session.results) == list(range(1, RESULT_CACHE + 1))


@pytest.mark.parametrize(("next_seq", "is_used_up"), [(2**31, False), (2**31 + 1, True)])
def test_session_is_used_up_after_half_of_all_sequence_numbers(
    next_seq: int,
    is_used_up: bool,  # noqa: FBT001
) -> None:
    rig = Rig()
    rig.create(address(1))
    session = session_of(rig)
    session.next_seq = next_seq

    assert session.is_used_up is is_used_up


@pytest.mark.parametrize(("ban", "is_admitted"), [(True, False), (False, True), (None, True)])
def test_ban_refuses_the_source_from_then_on(ban: bool | None, is_admitted: bool) -> None:  # noqa: FBT001
    rig = Rig()
    host, client = rig.room(2)
    host.send(host.kick(client.peer, ban=ban))
    again = Applicant(address=client.address._replace(port=9), nonce=nonce(2))
    outcome = rig.ask_to_join(again, host.code)

    assert (outcome.drop is None) is is_admitted


def test_ban_concerns_the_address_that_the_client_has_now() -> None:
    rig = Rig()
    host, client = rig.room(2)
    sealed = client.heard(client.send(client.ping(), address(80)).sent)
    challenges = [each.challenge for each in sealed if isinstance(each, PathChallenge)]
    client.send(client.path_response(challenges[0]), address(80))
    host.send(host.kick(client.peer, ban=True))

    def is_admitted(at: int) -> bool:
        again = Applicant(address=address(at), nonce=nonce(2))
        return rig.ask_to_join(again, host.code).drop is None

    assert [is_admitted(80), is_admitted(2)] == [False, True]


def test_ban_concerns_no_other_room() -> None:
    rig = Rig()
    host, client = rig.room(2)
    other = rig.create(address(40))
    host.send(host.kick(client.peer, ban=True))

    assert rig.join(other.code, client.address, number=2).peer == 2


def rtt_of(rig: Rig, member: RawMember) -> float | None:
    return rig.core._registry.sessions[member.grant.session].rtt


def test_first_ping_after_grant_measures_the_rtt() -> None:
    rig = Rig()
    host = rig.create(address(1))
    assert rtt_of(rig, host) is None

    rig.advance(0.08)
    host.send(host.ping())
    rig.advance(5)
    host.send(host.ping())

    assert rtt_of(rig, host) == pytest.approx(0.08)


def test_later_message_measures_no_rtt() -> None:
    rig = Rig()
    host = rig.create(address(1))
    host.ping()  # lost on its way

    rig.advance(1)
    host.send(host.ping())

    assert rtt_of(rig, host) is None


def test_repeated_grant_measures_no_rtt() -> None:
    rig = Rig()
    applicant = Applicant(address=address(1))
    create = applicant.create(rig.cookie(applicant))
    host = RawMember.granted(rig, rig.send(create, applicant.address), applicant.address)

    rig.advance(0.5)
    rig.send(create, applicant.address)
    rig.advance(0.1)
    host.send(host.ping())

    assert rtt_of(rig, host) is None


def challenge_of(host: RawMember, outcome: Outcome) -> bytes:
    (message,) = host.heard(outcome.sent)
    assert isinstance(message, PathChallenge)
    return message.challenge


@pytest.mark.parametrize(("repeats", "expected"), [(1, 0.2), (2, 0.05)])
def test_proof_of_a_new_address_measures_the_rtt_once_asked(repeats: int, expected: float) -> None:
    rig = Rig()
    host = rig.create(address(1))
    rig.advance(0.05)
    host.send(host.ping())
    host.address = address(2)
    challenge = b""
    for _ in range(repeats):
        challenge = challenge_of(host, host.send(host.ping()))

    rig.advance(0.2)
    host.send(host.path_response(challenge))

    assert rtt_of(rig, host) == pytest.approx(expected)
