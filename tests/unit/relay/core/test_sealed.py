"""Tests of SEAL datagrams: checks, requests and their results, SYNC, and change of address."""

import pytest

from packhorse.wire.address import encode_address
from packhorse.wire.constants import DropReason, ErrorCode, RoomEventKind
from packhorse.wire.messages import (
    Ack,
    Closed,
    Error,
    Events,
    PathChallenge,
    Pong,
    Roster,
)
from packhorse_relay.core.forwarding import Endpoint, Group
from packhorse_relay.core.rooms import Session
from tests.support.relay_harness import (
    UNLIMITED,
    Outcome,
    RawMember,
    Rig,
    address,
    without_tickets,
)

NEW, NEWER = address(80), address(81)


def session_of(member: RawMember) -> Session:
    return member.rig.core._registry.sessions[member.grant.session]


def challenge_from(member: RawMember, outcome: Outcome) -> bytes:
    """Return what has to be proven."""
    (message,) = member.heard(outcome.sent)
    assert isinstance(message, PathChallenge)
    return message.challenge


def move(member: RawMember) -> Outcome:
    """Prove the address NEW; returns the outcome of the proof."""
    challenge = challenge_from(member, member.send(member.ping(), NEW))
    return member.send(member.path_response(challenge), NEW)


def pair() -> tuple[Rig, RawMember, RawMember]:
    rig = Rig()
    host, client = rig.room(2)
    return rig, host, client


def test_ping_is_answered_with_its_number_the_revision_and_the_mapped_address() -> None:
    rig, host, _ = pair()
    outcome = host.send(host.ping())

    pong = Pong(seq=3, ping=1, rev=2, mapped=encode_address(host.address))
    assert outcome.drop is None
    assert without_tickets(host.heard_at(outcome.sent)) == [(pong, host.address)]
    assert rig.drain() == []


@pytest.mark.parametrize("size", range(6, 23))
def test_seal_of_fewer_than_23_bytes_is_too_short(size: int) -> None:
    _, host, _ = pair()

    assert host.send(host.ping()[:size]) == (DropReason.TOO_SHORT, [])


def test_seal_is_not_read_before_its_mac_is_checked() -> None:
    """SEAL-1: malformed and forged is bad_mac, malformed and signed is what it is."""
    _, host, client = pair()
    body = host.ping()
    forged = body[:6] + b"\xc1" + body[7:]

    assert host.send(forged).drop is DropReason.BAD_MAC
    assert host.send(client.ping()[:6] + body[6:]).drop is DropReason.BAD_MAC


def test_seal_of_the_other_direction_has_no_valid_mac() -> None:
    _, host, _ = pair()
    sent = host.send(host.ping()).sent[0].data

    assert host.send(sent) == (DropReason.BAD_MAC, [])


def test_repeated_ping_is_replayed_and_not_answered() -> None:
    """SEAL-1: the sequence is checked before it acts."""
    _, host, _ = pair()
    ping = host.ping()
    host.send(ping)

    assert host.send(ping) == (DropReason.REPLAYED, [])


@pytest.mark.parametrize(("late", "drop"), [(63, None), (64, DropReason.REPLAYED)])
def test_late_seal_is_fresh_within_the_window_of_64(late: int, drop: DropReason | None) -> None:
    _, host, _ = pair()
    delayed = host.ping()
    host.next_seq += late - 1
    host.send(host.ping())

    assert host.send(delayed).drop is drop


def test_highest_sequence_number_is_taken() -> None:
    _, host, _ = pair()
    host.next_seq = 2**32 - 1

    assert len(host.send(host.ping()).sent) == 1


def test_session_ends_before_the_relay_runs_out_of_sequence_numbers() -> None:
    _, host, client = pair()
    session_of(client).next_seq = 2**31 + 1
    outcome = client.send(client.ping())

    assert client.heard(outcome.sent) == [Closed(seq=2**31 + 1, code=ErrorCode.LEASE_EXPIRED)]
    left = (3, RoomEventKind.PEER_LEFT, 2, ErrorCode.LEASE_EXPIRED)
    assert host.heard(outcome.sent) == [Events(seq=3, events=(left,))]


def test_session_that_nobody_knows_is_denied() -> None:
    _, host, _ = pair()
    ping = host.ping()
    stranger = ping[:2] + b"\x00\x00\x00\x07" + ping[6:]
    outcome = host.send(stranger, NEW)

    assert outcome.drop is DropReason.UNKNOWN_SESSION
    assert outcome.answers == [Error(code=ErrorCode.SESSION_UNKNOWN)]
    assert outcome.to(NEW)[0][2:6] == b"\x00\x00\x00\x07"


def test_smallest_seal_pays_for_its_denial() -> None:
    """JOIN-2: 23 bytes; and the budget of replies is kept, whatever the reason says."""
    outcomes = [Rig().send(b"\xa6" + bytes(22), NEW)]
    rig = Rig()
    outcomes += [rig.send(b"\xa6" + bytes(22), NEW) for _ in range(11)]

    assert len(outcomes[0].sent[0].data) <= 23
    assert {outcome.drop for outcome in outcomes} == {DropReason.UNKNOWN_SESSION}
    assert [len(outcome.sent) for outcome in outcomes[1:]] == [1] * 10 + [0]


@pytest.mark.parametrize(("since", "revs"), [(1, [2, 3]), (2, [3]), (3, []), (9, [])])
def test_sync_is_answered_with_the_events_after_it(since: int, revs: list[int]) -> None:
    rig = Rig()
    host, *_ = rig.room(3)
    (answer,) = host.heard(host.send(host.sync(since)).sent)

    assert isinstance(answer, Events)
    assert [event[0] for event in answer.events] == revs


def test_sync_since_nothing_is_answered_with_the_roster() -> None:
    _, host, _ = pair()

    roster = Roster(seq=3, rev=2, page=0, pages=1, peers=((1, 0), (2, 0)))
    assert host.heard(host.send(host.sync(0)).sent) == [roster]


def test_sync_from_before_the_history_is_answered_with_the_roster() -> None:
    rig = Rig(UNLIMITED)
    host, _ = rig.room(2)
    for number in range(20):
        client = rig.join(host.code, address(3), number=number)
        client.send(client.leave())
    (answer,) = host.heard(host.send(host.sync(2)).sent)

    assert isinstance(answer, Roster)
    assert answer.rev == 42


def test_leave_is_acknowledged_and_ends_the_session() -> None:
    rig, _, client = pair()
    outcome = client.send(client.leave())

    assert client.heard(outcome.sent) == [Ack(seq=2, request=1, code=0)]
    assert rig.core.session_count == 1


def test_repeated_leave_is_answered_with_closed() -> None:
    """SEAL-2."""
    _, host, client = pair()
    leave = client.leave()
    client.send(leave)
    outcome = client.send(leave)

    assert client.heard(outcome.sent) == [Closed(seq=3, code=0)]
    assert host.heard(outcome.sent) == []


def test_host_kicks_a_client() -> None:
    """SEAL-4: the one who may."""
    rig = Rig()
    host, client, other = rig.room(3)
    outcome = host.send(host.kick(client.peer))

    assert host.heard(outcome.sent)[0] == Ack(seq=4, request=1, code=0)
    assert client.heard(outcome.sent) == [Closed(seq=3, code=ErrorCode.KICKED)]
    left = (4, RoomEventKind.PEER_LEFT, 2, ErrorCode.KICKED)
    assert other.heard(outcome.sent) == [Events(seq=2, events=(left,))]


@pytest.mark.parametrize("target", [2, 3, 9])
def test_client_kicks_nobody(target: int) -> None:
    """SEAL-4: not another, not itself, not somebody absent."""
    rig = Rig()
    _, client, _ = rig.room(3)
    outcome = client.send(client.kick(target))

    assert client.heard(outcome.sent) == [Ack(seq=3, request=1, code=ErrorCode.NOT_ALLOWED)]
    assert rig.core.session_count == 3


def test_kick_of_who_has_left_is_done() -> None:
    rig, host, _ = pair()

    assert host.heard(host.send(host.kick(9)).sent) == [Ack(seq=3, request=1, code=0)]
    assert rig.core.session_count == 2


def test_repeated_kick_gets_the_same_result_and_kicks_nobody_again() -> None:
    """SEAL-2: byte for byte the same ACK."""
    rig, host, client = pair()
    kick = host.kick(client.peer)
    first = host.send(kick).to(host.address)[0]
    again = host.send(kick)

    assert again == (None, [(first, host.address)])
    assert rig.core.session_count == 1


def test_relay_remembers_eight_results() -> None:
    """SEAL-2, LIM-1: the boundary."""
    _, host, _ = pair()
    kicks = [host.kick(9) for _ in range(9)]
    for kick in kicks:
        host.send(kick)

    assert host.send(kicks[0]) == (DropReason.REPLAYED, [])
    assert host.send(kicks[1]).drop is None


def test_result_goes_to_nobody_but_the_sessions_address() -> None:
    _, host, _ = pair()
    kick = host.kick(9)
    host.send(kick)

    assert host.send(kick, NEW) == (DropReason.REPLAYED, [])


def test_ping_from_another_address_is_challenged_there_and_nothing_moves() -> None:
    """PATH-1: the traffic stays where it is."""
    _, host, client = pair()
    outcome = client.send(client.ping(), NEW)

    ((challenge, to),) = client.heard_at(outcome.sent)
    assert (outcome.drop, type(challenge), to) == (None, PathChallenge, NEW)
    assert [sent.address for sent in host.send(host.data(2)).sent] == [client.address]
    assert client.send(client.data(1), NEW).drop is DropReason.UNKNOWN_SOURCE


def test_right_proof_moves_the_session() -> None:
    """PATH-1."""
    _, host, client = pair()
    outcome = move(client)

    pong = Pong(seq=3, ping=1, rev=2, mapped=encode_address(NEW))
    assert without_tickets(client.heard_at(outcome.sent)) == [(pong, NEW)]
    assert [sent.address for sent in host.send(host.data(2)).sent] == [NEW]
    assert client.send(client.data(1)).drop is DropReason.UNKNOWN_SOURCE


def test_moved_session_moves_back_only_by_a_proof() -> None:
    """PATH-1: the old address is as good as any other."""
    _, _, client = pair()
    move(client)
    ((message, to),) = client.heard_at(client.send(client.ping()).sent)

    assert (type(message), to) == (PathChallenge, client.address)
    assert session_of(client).address == NEW


@pytest.mark.parametrize(("age", "moves"), [(2.9, True), (3.0, False)])
def test_proof_is_in_time_for_3_s(age: float, moves: bool) -> None:  # noqa: FBT001
    rig, _, client = pair()
    challenge = challenge_from(client, client.send(client.ping(), NEW))
    rig.advance(age)
    outcome = client.send(client.path_response(challenge), NEW)

    assert outcome.drop is (None if moves else DropReason.PATH_UNPROVEN)
    assert session_of(client).address == (NEW if moves else client.address)


def test_further_ping_from_the_pending_address_repeats_the_challenge() -> None:
    """PATH-2: so that an answer that is slower than the PINGs still counts."""
    _, _, client = pair()
    challenges = [challenge_from(client, client.send(client.ping(), NEW)) for _ in range(2)]
    outcome = client.send(client.path_response(challenges[0]), NEW)

    assert challenges[0] == challenges[1]
    assert outcome.drop is None


def test_newest_pending_address_wins() -> None:
    """PATH-2: the proof of the older one comes too late."""
    _, _, client = pair()
    older = challenge_from(client, client.send(client.ping(), NEW))
    newer = challenge_from(client, client.send(client.ping(), NEWER))

    assert older != newer
    assert client.send(client.path_response(older), NEW).drop is DropReason.PATH_UNPROVEN
    assert client.send(client.path_response(newer), NEWER).drop is None


def test_wrong_proofs_move_nothing() -> None:
    """PATH-1: wrong bytes, or from somewhere else, or without a challenge."""
    _, host, client = pair()
    unasked = client.send(client.path_response(bytes(8)), NEW)
    challenge = challenge_from(client, client.send(client.ping(), NEW))
    outcomes = [
        client.send(client.path_response(bytes(8)), NEW),
        client.send(client.path_response(challenge), NEWER),
        host.send(host.path_response(challenge), NEW),
    ]

    assert {outcome.drop for outcome in [unasked, *outcomes]} == {DropReason.PATH_UNPROVEN}
    assert session_of(client).address == client.address


def test_proof_from_the_sessions_own_address_is_unexpected() -> None:
    _, _, client = pair()
    challenge = challenge_from(client, client.send(client.ping(), NEW))

    assert client.send(client.path_response(challenge)).drop is DropReason.UNEXPECTED_MESSAGE


def test_session_moves_nowhere_where_its_tag_is_taken() -> None:
    rig, _, client = pair()
    challenge = challenge_from(client, client.send(client.ping(), NEW))
    session = session_of(client)
    taken = Endpoint(Group(is_star=False), 9, session.endpoint.tag, NEW)
    rig.core.table.attach(taken)

    assert client.send(client.path_response(challenge), NEW).drop is DropReason.PATH_UNPROVEN


def test_two_challenges_a_second_go_out_for_a_session() -> None:
    rig, _, client = pair()
    drops = [client.send(client.ping(), address(90 + number)).drop for number in range(3)]
    rig.advance(0.5)

    assert drops == [None, None, DropReason.RATE_LIMITED]
    assert client.send(client.ping(), NEW).drop is None


@pytest.mark.parametrize(("pad", "drop"), [(8, None), (7, DropReason.PATH_UNPROVEN)])
def test_challenge_is_never_larger_than_the_ping(pad: int, drop: DropReason | None) -> None:
    """JOIN-2: PATH_CHALLENGE has 38 bytes here."""
    _, _, client = pair()
    ping = client.ping(pad)
    outcome = client.send(ping, NEW)

    assert (len(ping), outcome.drop, len(outcome.sent)) == (30 + pad, drop, drop is None)


def test_other_requests_from_an_unproven_address_count_once_it_is_proven() -> None:
    """PATH-1, SEAL-2: they are not marked as seen."""
    _, host, client = pair()
    kick, sync = host.kick(client.peer), host.sync(0)
    before = [host.send(data, NEW) for data in (kick, sync)]
    move(host)
    after = [host.send(data, NEW) for data in (sync, kick)]

    assert before == [(DropReason.PATH_UNPROVEN, [])] * 2
    assert [outcome.drop for outcome in after] == [None, None]


def test_tombstone_answers_a_known_sequence_number_too() -> None:
    _, host, client = pair()
    ping = client.ping()
    client.send(ping)
    host.send(host.kick(client.peer))
    heard = [client.heard(client.send(ping).sent) for _ in range(2)]

    assert heard == [[Closed(seq=seq, code=ErrorCode.KICKED)] for seq in (4, 5)]
    assert client.send(ping[:-1] + b"?") == (DropReason.BAD_MAC, [])


def test_tombstone_answers_another_address_no_more_than_was_sent() -> None:
    """JOIN-2: CLOSED has 31 bytes, LEAVE 27."""
    _, host, client = pair()
    host.send(host.kick(client.peer))

    assert len(client.send(client.ping(), NEW).to(NEW)) == 1
    assert client.send(client.leave(), NEW) == (DropReason.REPLY_BUDGET, [])
    assert len(client.send(client.leave()).sent) == 1
