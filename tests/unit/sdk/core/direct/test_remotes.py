"""Tests of the addresses of one peer."""

from packhorse.core.direct.remote import Remote
from packhorse.core.direct.remotes import Remotes
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import Candidate
from packhorse.wire.constants import (
    MAX_REMOTES,
    MEETING_PORT,
    MEETING_SOCKETS,
    OPENING_TTL,
    PREDICTED_WAIT,
    CandidateKind,
)


def at(port: int) -> TransportAddress:
    """Return an address."""
    return TransportAddress("192.0.2.1", port)


def predicted(first: int) -> list[Candidate]:
    """Return what a router is expected to show next."""
    return [Candidate(CandidateKind.PREDICTED, at(first + step)) for step in range(7)]


def ports(remotes: Remotes) -> list[tuple[int, int, float]]:
    """Return port, number of the socket and first time of what is planned."""
    return [
        (remote.address.port, remote.address.listener, remote.plan.due)
        for remote in remotes
        if remote.plan is not None and remote.plan.due is not None
    ]


def proven(remotes: Remotes, port: int, rtt: float) -> Remote:
    """Let an address answer."""
    remote = remotes.learn(at(port))
    assert remote is not None
    remote.note_check(bytes([port]), is_large=True, now=0.0)
    remote.take_answer(bytes([port]), now=rtt)
    return remote


def test_offered_addresses_are_checked_reflexive_ones_with_openings() -> None:
    remotes = Remotes()
    remotes.offer([Candidate(CandidateKind.HOST, at(1)), Candidate(CandidateKind.REFLEXIVE, at(2))])
    remotes.begin_attempt(at=5.0)
    first = [remote.plan.take(0.0, now=5.0) for remote in remotes if remote.plan]
    assert first == [None, OPENING_TTL]


def test_offer_that_leaves_an_address_out_forgets_it_unless_it_is_proven() -> None:
    remotes = Remotes()
    remotes.offer([Candidate(CandidateKind.HOST, at(port)) for port in (1, 2)])
    proven(remotes, 2, 0.01)
    remotes.offer([Candidate(CandidateKind.HOST, at(3))])
    assert [remote.address.port for remote in remotes] == [2, 3]


def test_proven_address_is_not_planned() -> None:
    remotes = Remotes()
    remote = proven(remotes, 1, 0.01)
    remotes.begin_attempt(at=0.0)
    assert remote.plan is None


def test_what_becomes_known_during_an_attempt_is_checked_too() -> None:
    remotes = Remotes()
    remotes.offer([Candidate(CandidateKind.HOST, at(1))])
    remotes.begin_attempt(at=0.0)
    remote = remotes.learn(at(2))
    remotes.join_attempt(at=1.0)
    assert remote is not None
    assert remote.plan is not None
    remotes.end_attempt()
    assert remote.plan is None


def test_predicted_address_is_met_from_several_sockets_before_all_are_checked_from_one() -> None:
    remotes = Remotes()
    remotes.offer(predicted(40))
    remotes.meet([at(7)], at=1.0)
    remotes.join_attempt(at=1.0)
    from_more = [(39 + MEETING_PORT, number, 1.0) for number in range(1, MEETING_SOCKETS + 1)]
    from_one = [(40 + step, 0, 1.0 + PREDICTED_WAIT) for step in range(7)]
    assert sorted(ports(remotes)) == sorted(from_more + from_one)


def test_sockets_meet_only_what_both_sides_predict_anew() -> None:
    remotes = Remotes()
    remotes.offer(predicted(40))
    remotes.meet([], at=1.0)
    assert ports(remotes) == []
    remotes.meet([at(7)], at=1.0)
    remotes.begin_attempt(at=6.0)
    remotes.meet([at(9)], at=6.0)
    assert {number for _, number, _ in ports(remotes)} == {0}
    remotes.offer(predicted(60))
    remotes.meet([at(7)], at=6.0)
    assert ports(remotes) == []
    remotes.meet([at(9)], at=6.0)
    assert sum(port == 59 + MEETING_PORT for port, _, _ in ports(remotes)) == MEETING_SOCKETS


def test_sockets_outlive_an_offer_but_not_the_attempt() -> None:
    remotes = Remotes()
    remotes.offer(predicted(40))
    remotes.meet([at(7)], at=1.0)
    remotes.offer([*predicted(40), Candidate(CandidateKind.MAPPED, at(3))])
    assert len(ports(remotes)) == MEETING_SOCKETS
    remotes.begin_attempt(at=6.0)
    assert {number for _, number, _ in ports(remotes)} == {0}


def test_too_few_predicted_addresses_are_not_met() -> None:
    remotes = Remotes()
    remotes.offer(predicted(40)[: MEETING_PORT - 1])
    remotes.meet([at(7)], at=1.0)
    assert ports(remotes) == []


def test_best_is_the_fastest_and_the_one_in_use_is_left_for_a_clear_gain_only() -> None:
    remotes = Remotes()
    slow, fast = proven(remotes, 1, 0.050), proven(remotes, 2, 0.046)
    assert remotes.best(None, now=1.0) is fast
    assert remotes.best(slow, now=1.0) is slow
    much_faster = proven(remotes, 3, 0.030)
    assert remotes.best(slow, now=1.0) is much_faster


def test_address_in_doubt_is_not_the_best() -> None:
    remotes = Remotes()
    one, other = proven(remotes, 1, 0.01), proven(remotes, 2, 0.09)
    one.note_check(b"9", is_large=False, now=5.0)
    assert remotes.best(one, now=6.0) is other


def test_attack_checks_from_many_addresses_fill_no_table_for_ever() -> None:
    """DIR-6."""
    remotes = Remotes()
    kept = proven(remotes, 1, 0.01)
    for port in range(2, 4 * MAX_REMOTES):
        remotes.learn(at(port))
    assert len(list(remotes)) == MAX_REMOTES
    assert remotes.get(kept.address) is kept
    remotes.begin_attempt(at=0.0)
    assert remotes.learn(at(60_000)) is None
