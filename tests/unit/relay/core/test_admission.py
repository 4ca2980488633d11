"""Tests of HELLO, CREATE and JOIN: cookies, refusals, limits, and what a new member gets."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import FrameType

import pytest

from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress, encode_address
from packhorse.wire.constants import DropReason, ErrorCode, RoomEventKind, Topology
from packhorse.wire.ctrl import encode_ctrl
from packhorse.wire.messages import Challenge, Error, Events, Grant, Roster
from packhorse_relay.core.settings import Settings
from tests.support.applicant import TRANSACTION, Applicant, nonce
from tests.support.relay_harness import UNLIMITED, Outcome, RawMember, Rig, address, seeded_bytes

BOB = Applicant(address=address(50))
ABSENT = "00000000"
UNLIMITED_DENIALS = replace(UNLIMITED, join_failures=1e6)


def code_of(outcome: Outcome) -> int | None:
    """Return the error code of the only answer."""
    (answer,) = outcome.answers
    return answer.code if isinstance(answer, Error) else None


def grant_of(outcome: Outcome) -> Grant:
    answer = outcome.answer
    assert isinstance(answer, Grant)
    return answer


def fresh(number: int, at: TransportAddress = BOB.address) -> Applicant:
    """Return another attempt of Bob's."""
    return Applicant(address=at, nonce=nonce(number))


def room_that_bans_bob(rig: Rig) -> RawMember:
    host = rig.create(address(1))
    bob = rig.join(host.code, BOB.address)
    host.send(host.kick(bob.peer, ban=True))
    return host


def test_hello_is_answered_with_a_challenge_under_its_transaction() -> None:
    rig = Rig()
    outcome = rig.send(BOB.hello(), BOB.address)

    assert outcome.drop is None
    assert isinstance(outcome.answer, Challenge)
    assert (outcome.answer.version, outcome.answer.features) == (1, 0)
    assert outcome.to(BOB.address)[0][2:6] == TRANSACTION.to_bytes(4, "big")


@pytest.mark.parametrize(
    ("size", "drop"), [(255, DropReason.NOT_ENOUGH_PADDING), (256, None), (1200, None)]
)
def test_hello_needs_256_bytes(size: int, drop: DropReason | None) -> None:
    """JOIN-2: what is not paid for is not answered."""
    hello = BOB.hello(size)
    outcome = Rig().send(hello, BOB.address)

    assert len(hello) == size
    assert outcome.drop is drop
    assert len(outcome.sent) == (drop is None)


def test_hello_leaves_nothing_behind() -> None:
    """JOIN-1: no state but token buckets before the cookie has come back."""
    rig = Rig()
    rig.send(BOB.hello(), BOB.address)

    registry = rig.core._registry
    assert (rig.core.session_count, rig.core.room_count, len(registry._by_attempt)) == (0, 0, 0)
    assert rig.core.next_timeout() is None


def test_hello_is_answered_ten_times_at_once_and_five_times_a_second() -> None:
    rig = Rig(replace(UNLIMITED, hello_rate=5))

    def answered(tries: int) -> int:
        return sum(len(rig.send(BOB.hello(), BOB.address).sent) for _ in range(tries))

    at_once = answered(20)
    rig.advance(1)
    assert (at_once, answered(20)) == (10, 5)
    assert rig.send(BOB.hello(), BOB.address) == (DropReason.RATE_LIMITED, [])


def test_hello_over_the_reply_budget_is_not_answered() -> None:
    """JOIN-2: the budget of all."""
    rig = Rig(Settings(reply_rate_total=1))
    rig.cookie(BOB)

    assert rig.send(BOB.hello(), BOB.address) == (DropReason.REPLY_BUDGET, [])


@pytest.mark.parametrize("versions", [(1, 1), (0, 1), (1, 255), (0, 255)])
def test_relay_picks_the_common_version(versions: tuple[int, int]) -> None:
    low, high = versions

    assert Rig().cookie(replace(BOB, version_min=low, version_max=high))


@pytest.mark.parametrize("versions", [(0, 0), (2, 2), (2, 255), (2, 1), (255, 0)])
def test_without_a_common_version_the_relay_tells_its_own(versions: tuple[int, int]) -> None:
    low, high = versions
    outcome = Rig().send(replace(BOB, version_min=low, version_max=high).hello(), BOB.address)

    assert outcome.drop is DropReason.NO_COMMON_VERSION
    error = Error(code=ErrorCode.UNSUPPORTED_VERSION, version_min=1, version_max=1)
    assert outcome.answers == [error]


def test_unknown_features_are_not_granted() -> None:
    rig = Rig()
    applicant = replace(BOB, features=0xFFFFFFFF)
    challenge = rig.send(applicant.hello(), BOB.address).answer
    grant = grant_of(rig.ask_to_create(applicant))

    assert isinstance(challenge, Challenge)
    assert (challenge.features, grant.features) == (c.KNOWN_FEATURES, c.KNOWN_FEATURES)


@pytest.mark.parametrize(("age", "is_valid"), [(0, True), (10.0, True), (11.0, False)])
def test_cookie_is_valid_for_10_s(age: float, is_valid: bool) -> None:  # noqa: FBT001
    """JOIN-3: the boundary."""
    rig = Rig()
    cookie = rig.cookie(BOB)
    rig.advance(age)
    outcome = rig.send(BOB.create(cookie), BOB.address)

    assert isinstance(outcome.answer, Grant) is is_valid
    assert outcome.drop is (None if is_valid else DropReason.COOKIE_INVALID)


@pytest.mark.parametrize(
    "other",
    [
        replace(BOB, address=address(51)),
        replace(BOB, address=address(50, 40001)),
        replace(BOB, nonce=nonce(2)),
        replace(BOB, version_min=0),
        replace(BOB, version_max=2),
        replace(BOB, features=1 << 27),
    ],
)
def test_cookie_is_valid_only_for_its_address_nonce_and_offer(other: Applicant) -> None:
    """JOIN-3: each of them."""
    rig = Rig()
    outcome = rig.send(other.join(rig.cookie(BOB), ABSENT), other.address)

    assert outcome.drop is DropReason.COOKIE_INVALID
    assert code_of(outcome) == ErrorCode.COOKIE_INVALID


def test_cookie_of_another_relay_is_refused() -> None:
    """JOIN-3: each relay has its own secret."""
    cookie = Rig(random_bytes=seeded_bytes("another")).cookie(BOB)

    assert Rig().send(BOB.create(cookie), BOB.address).drop is DropReason.COOKIE_INVALID


def test_invalid_cookie_over_the_reply_budget_keeps_its_reason() -> None:
    rig = Rig()
    create = BOB.create(bytes(c.COOKIE_SIZE))
    outcomes = [rig.send(create, BOB.address) for _ in range(11)]

    assert {outcome.drop for outcome in outcomes} == {DropReason.COOKIE_INVALID}
    assert [len(outcome.sent) for outcome in outcomes] == [1] * 10 + [0]


def test_create_makes_the_host_of_a_new_room() -> None:
    rig = Rig()
    grant = grant_of(rig.ask_to_create(BOB))

    assert (grant.peer, grant.rev, grant.topology, grant.max_peers) == (1, 1, 0, 64)
    assert grant.mapped == encode_address(BOB.address)
    timers = (grant.ping_interval_ms, grant.lost_after_ms, grant.removed_after_ms)
    assert timers == (5000, 15_000, 120_000)
    assert (rig.core.room_count, rig.core.session_count) == (1, 1)


@pytest.mark.parametrize(("asked", "granted"), [(None, 64), (2, 2), (64, 64), (65, 64), (1024, 64)])
def test_room_gets_the_places_asked_for_up_to_what_the_relay_allows(
    asked: int | None, granted: int
) -> None:
    assert grant_of(Rig().ask_to_create(BOB, max_peers=asked)).max_peers == granted


def test_room_has_the_topology_asked_for() -> None:
    rig = Rig()
    host = rig.create(address(1), topology=Topology.STAR)

    assert grant_of(rig.ask_to_join(BOB, host.code)).topology == Topology.STAR


@pytest.mark.parametrize(
    ("asked", "configured", "agreed"), [(1200, 1200, 1200), (576, 1200, 576), (1406, 300, 300)]
)
def test_grant_is_padded_to_the_agreed_size(asked: int, configured: int, agreed: int) -> None:
    rig = Rig(Settings(max_datagram=configured))
    outcome = rig.ask_to_create(replace(BOB, max_datagram=asked))

    assert grant_of(outcome).max_datagram == agreed
    assert len(outcome.to(BOB.address)[0]) == agreed


def test_new_member_gets_grant_and_roster_and_the_others_the_event() -> None:
    rig = Rig()
    host = rig.create(address(1))
    outcome = rig.ask_to_join(BOB, host.code)
    bob = RawMember.granted(rig, outcome, BOB.address)

    assert (bob.peer, bob.grant.rev, bob.grant.removed_after_ms) == (2, 2, 60_000)
    assert bob.inbox == [Roster(seq=1, rev=2, page=0, pages=1, peers=((1, 0), (2, 0)))]
    joined = (2, RoomEventKind.PEER_JOINED, 2, 0)
    assert host.heard(outcome.sent) == [Events(seq=2, events=(joined,))]


def test_keys_codes_and_session_ids_are_drawn_anew() -> None:
    rig = Rig()
    grants = [rig.create(address(number)).grant for number in range(10)]

    for field in ("key", "code", "session"):
        assert len({getattr(grant, field) for grant in grants}) == 10


def test_repeated_join_is_granted_the_same_session_with_the_revision_of_now() -> None:
    """JOIN-4: and the size asked for now; no second ROSTER, no second event."""
    rig = Rig()
    host = rig.create(address(1))
    cookie = rig.cookie(BOB)
    first = grant_of(rig.send(BOB.join(cookie, host.code), BOB.address))
    rig.join(host.code, address(2))
    again = rig.send(replace(BOB, max_datagram=576).join(cookie, host.code), BOB.address)

    wanted = replace(first, rev=3, max_datagram=576, pad=None, resume_ticket=None)
    assert [replace(grant_of(again), pad=None, resume_ticket=None)] == [wanted]
    assert [len(data) for data, _ in again.sent] == [576]
    assert rig.core.session_count == 3


def test_repeated_create_opens_no_second_room() -> None:
    """JOIN-4: nor does it count against the rate."""
    rig = Rig(Settings(create_rate=1))
    create = BOB.create(rig.cookie(BOB))
    grants = [grant_of(rig.send(create, BOB.address)) for _ in range(5)]

    assert grants == [grants[0]] * 5
    assert rig.core.room_count == 1


def test_same_nonce_from_another_address_is_another_session() -> None:
    """JOIN-4: the address counts too."""
    rig = Rig()
    host = rig.create(address(1), number=1)
    other = rig.join(host.code, address(2), number=1)

    assert other.grant.session != host.grant.session


def test_copy_of_a_join_that_comes_after_the_end_starts_no_session() -> None:
    """JOIN-4: the same session cannot be granted any more, and another must not."""
    rig = Rig()
    host = rig.create(address(1))
    join = BOB.join(rig.cookie(BOB), host.code)
    bob = RawMember.granted(rig, rig.send(join, BOB.address), BOB.address)
    bob.send(bob.leave())
    late = rig.send(join, BOB.address)

    assert (late.drop, code_of(late)) == (DropReason.REFUSED, ErrorCode.JOIN_DENIED)
    assert rig.core.session_count == 1


@pytest.mark.parametrize(("limit", "per_minute"), [("create", 6), ("join", 30)])
def test_create_and_join_are_limited_per_source(limit: str, per_minute: int) -> None:
    rig = Rig(replace(UNLIMITED_DENIALS, create_rate=6, join_rate=30))
    host = rig.create(address(1))
    number = iter(range(1000))

    def ask() -> Outcome:
        applicant = fresh(next(number), address(50, 41000 + next(number)))
        if limit == "create":
            return rig.ask_to_create(applicant)
        return rig.ask_to_join(applicant, host.code)

    assert all(isinstance(ask().answer, Grant) for _ in range(per_minute))
    refused = ask()
    assert refused.drop is DropReason.REFUSED
    wait_ms = 60_000 // per_minute
    assert refused.answers == [Error(code=ErrorCode.RATE_LIMITED, retry_after_ms=wait_ms)]
    rig.advance(wait_ms / 1000)
    assert code_of(ask()) != ErrorCode.RATE_LIMITED


def test_rate_of_zero_says_to_wait_for_as_long_as_can_be_said() -> None:
    outcome = Rig(Settings(create_rate=0)).ask_to_create(BOB)

    assert outcome.answers == [Error(code=ErrorCode.RATE_LIMITED, retry_after_ms=3_600_000)]


def test_full_room_is_told_to_who_may_join() -> None:
    rig = Rig()
    host = rig.create(address(1), max_peers=2)
    rig.join(host.code, address(2))
    outcome = rig.ask_to_join(BOB, host.code)

    assert (outcome.drop, code_of(outcome)) == (DropReason.REFUSED, ErrorCode.ROOM_FULL)


def test_who_is_banned_does_not_learn_that_the_room_or_the_relay_is_full() -> None:
    """JOIN-5: denial comes before any other refusal that depends on the room."""
    rig = Rig(Settings(max_sessions=2, max_peers=2))
    host = room_that_bans_bob(rig)
    rig.join(host.code, address(2))

    assert code_of(rig.ask_to_join(fresh(2), host.code)) == ErrorCode.JOIN_DENIED


@pytest.mark.parametrize("change", [str.lower, lambda code: code[:-1], lambda _: ""])
def test_code_has_to_be_exact(change: Callable[[str], str]) -> None:
    rig = Rig()
    host = rig.create(address(1))

    assert change(host.code) != host.code
    assert code_of(rig.ask_to_join(BOB, change(host.code))) == ErrorCode.JOIN_DENIED


def calls_of(action: Callable[[], Outcome]) -> tuple[Outcome, list[str]]:
    """Run `action` and list every function that it calls, of Python and of C."""
    calls: list[str] = []

    def note(frame: FrameType, event: str, arg: object) -> None:
        if event in {"call", "c_call"}:
            name = getattr(arg, "__name__", "") if event == "c_call" else frame.f_code.co_qualname
            calls.append(name)

    sys.setprofile(note)
    try:
        return action(), calls
    finally:
        sys.setprofile(None)


def test_absent_room_and_ban_cannot_be_told_apart() -> None:
    """JOIN-5: the same bytes, by the same steps, hence in the same time."""
    rig = Rig(UNLIMITED)
    host = room_that_bans_bob(rig)
    rig.ask_to_join(fresh(2), ABSENT)
    joins = [
        applicant.join(rig.cookie(applicant), code)
        for applicant, code in [(fresh(3), ABSENT), (fresh(4), host.code)]
    ]
    absent, banned = (calls_of(partial(rig.send, join, BOB.address)) for join in joins)

    denied = encode_ctrl(Error(code=ErrorCode.JOIN_DENIED), TRANSACTION)
    assert absent[0] == banned[0] == (DropReason.REFUSED, [(denied, BOB.address)])
    assert "Admission._deny" in absent[1]
    assert absent[1] == banned[1]


def test_blocked_source_is_refused_whatever_it_asks() -> None:
    rig = Rig(UNLIMITED)
    host = rig.create(address(1))
    denied = [code_of(rig.ask_to_join(fresh(number), ABSENT)) for number in range(11)]
    outcomes = [rig.ask_to_join(fresh(20), host.code), rig.ask_to_create(fresh(21))]

    assert denied == [ErrorCode.JOIN_DENIED] * 11
    blocked = Error(code=ErrorCode.RATE_LIMITED, retry_after_ms=60_000)
    assert [outcome.answers for outcome in outcomes] == [[blocked], [blocked]]
    rig.advance(60)
    assert isinstance(rig.ask_to_join(fresh(22), host.code).answer, Grant)


def test_above_fifty_denials_and_as_many_in_reserve_nobody_is_answered() -> None:
    """JOIN-5: counted over all sources."""
    rig = Rig(UNLIMITED)
    outcomes = [rig.ask_to_join(fresh(1, address(number)), ABSENT) for number in range(101)]

    assert [code_of(outcome) for outcome in outcomes[:100]] == [ErrorCode.JOIN_DENIED] * 100
    assert outcomes[100] == (DropReason.RATE_LIMITED, [])
