"""Tests of the handshake: offer, cookie, room, refusals, retransmission."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from packhorse.core.joining import CreateRoom, Joining, JoinRoom
from packhorse.core.machine import MemberMachine
from packhorse.core.stages import Stage
from packhorse.wire.constants import DropReason, ErrorCode, FirstByte, MemberState, Topology
from packhorse.wire.ctrl import decode_ctrl
from packhorse.wire.errors import (
    JoinDeniedError,
    ParseError,
    QuotaReachedError,
    RateLimitedError,
    RelayRefusedError,
    RoomFullError,
    TransactionTimeoutError,
    VersionError,
)
from packhorse.wire.fields import Sender
from packhorse.wire.header import decode_header
from packhorse.wire.messages import Challenge, Create, Error, Hello, Join, MemberCtrl, RelayCtrl
from packhorse.wire.msgpack_profile import decode_value
from packhorse.wire.room_code import RoomCode
from tests.support.scripted_relay import COOKIE, GRANT

CHALLENGE = Challenge(version=1, features=0, cookie=COOKIE)
JOIN_WISH = JoinRoom(RoomCode("K7QM2XPA"))
COOKIE_INVALID = Error(code=ErrorCode.COOKIE_INVALID)
SCHEDULE = (0.0, 0.25, 0.75, 1.75, 3.75)


class Attempt:
    """One attempt to join, what it sends, and answers to it."""

    def __init__(self, wish: CreateRoom | JoinRoom = JOIN_WISH, *, seed: int = 1) -> None:
        self.machine = MemberMachine()
        random_bytes = Random(seed).randbytes  # noqa: S311 - repeatable by design
        self.joining = Joining(wish, self.machine, random_bytes, now=0.0)
        self.transaction = 0

    def send(self, now: float = 0.0) -> bytes:
        """Return the one datagram that is due."""
        (datagram,) = self.joining.handle_timeout(now=now)
        self.transaction = decode_header(datagram).word
        return datagram

    def request(self, now: float = 0.0) -> MemberCtrl:
        """Return the one message that is due."""
        return decode_ctrl(self.send(now), Sender.MEMBER)

    def answer(self, message: RelayCtrl, now: float = 0.0) -> None:
        """Answer the newest request."""
        self.joining.receive(message, self.transaction, now=now)

    def refused(self, message: RelayCtrl, transaction: int | None = None) -> DropReason:
        """Return why an answer is not taken."""
        used = self.transaction if transaction is None else transaction
        with pytest.raises(ParseError) as caught:
            self.joining.receive(message, used, now=0.0)
        return caught.value.reason


def challenged(wish: CreateRoom | JoinRoom = JOIN_WISH, *, seed: int = 1) -> Attempt:
    attempt = Attempt(wish, seed=seed)
    attempt.send()
    attempt.answer(CHALLENGE)
    return attempt


def sizes(attempt: Attempt, size_of: Callable[[bytes], int]) -> list[int]:
    """Let the request be sent five times; return what `size_of` says of each."""
    found = [size_of(attempt.send(now)) for now in SCHEDULE]
    assert attempt.joining.handle_timeout(now=5.7499) == []
    return found


def max_datagram(datagram: bytes) -> int:
    message = decode_ctrl(datagram, Sender.MEMBER)
    assert isinstance(message, Create | Join)
    return message.max_datagram


def test_hello_offers_version_1_and_a_fresh_nonce() -> None:
    hello = Attempt().request()

    assert isinstance(hello, Hello)
    assert (hello.version_min, hello.version_max) == (1, 1)
    assert hello.nonce != bytes(16)


def test_hello_is_padded_to_1200_bytes_and_after_two_sends_to_576() -> None:
    assert sizes(Attempt(), len) == [1200, 1200, 576, 576, 576]


def test_join_asks_for_a_smaller_grant_after_two_sends() -> None:
    assert sizes(challenged(), max_datagram) == [1200, 1200, 576, 576, 576]


def test_join_asks_for_the_smaller_size_at_once_when_hello_had_to_shrink() -> None:
    attempt = Attempt()
    for now in SCHEDULE[:3]:
        attempt.send(now)
    attempt.answer(CHALLENGE, now=1.0)

    assert max_datagram(attempt.send(now=1.0)) == 576


def test_retransmissions_of_one_size_have_the_same_bytes() -> None:
    attempt = Attempt()

    first, second = attempt.send(0.0), attempt.send(0.25)

    assert first == second


def test_unanswered_hello_is_given_up_at_the_stage_of_reaching_the_relay() -> None:
    attempt = Attempt()
    sizes(attempt, len)

    attempt.joining.handle_timeout(now=5.75)

    error = attempt.joining.error
    assert isinstance(error, TransactionTimeoutError)
    assert (error.sends, error.elapsed, error.stage) == (5, 5.75, Stage.REACHING.value)
    assert "firewall" in error.advice
    assert attempt.joining.next_timeout() is None


def test_unanswered_join_is_given_up_at_the_stage_of_joining() -> None:
    attempt = challenged()
    sizes(attempt, len)

    attempt.joining.handle_timeout(now=5.75)

    assert isinstance(attempt.joining.error, TransactionTimeoutError)
    assert attempt.joining.error.stage == Stage.JOINING.value


def test_timeout_handled_early_does_nothing() -> None:
    attempt = Attempt()
    attempt.send()

    assert attempt.joining.handle_timeout(now=0.2499) == []
    assert attempt.joining.next_timeout() == 0.25


def test_challenge_leads_to_join_with_the_same_nonce_and_offer() -> None:
    attempt = Attempt()
    hello = attempt.request()
    attempt.answer(CHALLENGE)

    join = attempt.request()

    assert isinstance(hello, Hello)
    assert join == Join(
        version_min=1,
        version_max=1,
        features=hello.features,
        nonce=hello.nonce,
        cookie=COOKIE,
        max_datagram=1200,
        code="K7QM2XPA",
    )
    assert attempt.machine.state is MemberState.JOINING


def test_challenge_leads_to_create_with_what_was_wished() -> None:
    attempt = challenged(CreateRoom(topology=Topology.STAR, max_peers=8))

    create = attempt.request()

    assert isinstance(create, Create)
    assert (create.topology, create.max_peers) == (Topology.STAR, 8)


def test_join_is_another_transaction_than_hello() -> None:
    attempt = Attempt()
    attempt.send()
    first = attempt.transaction
    attempt.answer(CHALLENGE)
    attempt.send()

    assert attempt.transaction != first
    assert attempt.refused(CHALLENGE, first) is DropReason.UNKNOWN_TRANSACTION


def test_transaction_is_never_0_which_is_that_of_nudge() -> None:
    joining = Joining(JOIN_WISH, MemberMachine(), bytes, now=0.0)

    (datagram,) = joining.handle_timeout(now=0.0)

    assert decode_header(datagram).word == 1


def test_answer_to_another_transaction_is_dropped() -> None:
    attempt = Attempt()
    attempt.send()

    wrong = attempt.transaction ^ 1

    assert attempt.refused(CHALLENGE, wrong) is DropReason.UNKNOWN_TRANSACTION
    assert attempt.refused(COOKIE_INVALID, wrong) is DropReason.UNKNOWN_TRANSACTION
    assert attempt.machine.state is MemberState.GREETING


@pytest.mark.parametrize("wrong", [{"version": 2}, {"version": 0}, {"features": 1}])
def test_challenge_with_what_was_not_offered_is_dropped(wrong: dict[str, int]) -> None:
    attempt = Attempt()
    attempt.send()

    challenge = replace(CHALLENGE, **wrong)  # type: ignore[arg-type] # all are numbers

    assert attempt.refused(challenge) is DropReason.UNEXPECTED_MESSAGE
    attempt.answer(CHALLENGE)


@pytest.mark.parametrize("wrong", [{"version": 2}, {"features": 1}, {"code": "\x1b]0;evil"[:8]}])
def test_grant_that_differs_from_the_challenge_or_has_no_code_is_dropped(
    wrong: dict[str, int | str],
) -> None:
    attempt = challenged()
    attempt.send()

    grant = replace(GRANT, **wrong)  # type: ignore[arg-type] # all fit their fields

    assert attempt.refused(grant) is DropReason.UNEXPECTED_MESSAGE
    attempt.answer(GRANT)
    assert attempt.joining.grant == GRANT


def test_answers_that_do_not_fit_the_state_are_dropped() -> None:
    attempt = Attempt()
    attempt.send()
    assert attempt.refused(GRANT) is DropReason.UNEXPECTED_MESSAGE
    attempt.answer(CHALLENGE)
    attempt.send()

    assert attempt.refused(CHALLENGE) is DropReason.UNEXPECTED_MESSAGE


def test_second_grant_is_dropped() -> None:
    attempt = challenged()
    attempt.send()
    attempt.answer(GRANT)

    assert attempt.refused(GRANT) is DropReason.UNKNOWN_TRANSACTION
    assert attempt.joining.handle_timeout(now=9.0) == []


def test_refused_cookie_starts_again_with_a_new_nonce_and_transaction() -> None:
    attempt = challenged()
    join = attempt.request()
    old = attempt.transaction
    attempt.answer(COOKIE_INVALID)

    hello = attempt.request()

    assert isinstance(join, Join)
    assert isinstance(hello, Hello)
    assert hello.nonce != join.nonce
    assert attempt.transaction != old
    assert attempt.machine.state is MemberState.GREETING


def test_third_refused_cookie_ends_the_attempt() -> None:
    attempt = challenged()
    for _ in range(2):
        attempt.send()
        attempt.answer(COOKIE_INVALID)
        attempt.send()
        attempt.answer(CHALLENGE)
    attempt.send()

    attempt.answer(COOKIE_INVALID)

    assert isinstance(attempt.joining.error, RelayRefusedError)
    assert attempt.joining.error.code == ErrorCode.COOKIE_INVALID


def test_cookie_error_before_any_cookie_ends_the_attempt() -> None:
    attempt = Attempt()
    attempt.send()

    attempt.answer(COOKIE_INVALID)

    assert isinstance(attempt.joining.error, RelayRefusedError)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (ErrorCode.JOIN_DENIED, JoinDeniedError),
        (ErrorCode.ROOM_FULL, RoomFullError),
        (ErrorCode.QUOTA, QuotaReachedError),
        (ErrorCode.RELAY_FULL, QuotaReachedError),
        (ErrorCode.RATE_LIMITED, RateLimitedError),
        (ErrorCode.UNSUPPORTED_VERSION, VersionError),
        (ErrorCode.INTERNAL, RelayRefusedError),
        (60000, RelayRefusedError),
    ],
)
def test_refusal_becomes_an_error_of_its_class(code: int, kind: type[RelayRefusedError]) -> None:
    attempt = challenged()
    attempt.send()

    attempt.answer(Error(code=code))

    error = attempt.joining.error
    assert type(error) is kind
    assert (error.code, error.stage) == (code, Stage.JOINING.value)
    assert error.advice
    assert attempt.joining.handle_timeout(now=9.0) == []


def test_refusal_tells_in_seconds_when_to_try_again() -> None:
    attempt = Attempt()
    attempt.send()

    attempt.answer(Error(code=ErrorCode.RATE_LIMITED, retry_after_ms=1500))

    error = attempt.joining.error
    assert isinstance(error, RateLimitedError)
    assert (error.retry_after, error.stage) == (1.5, Stage.REACHING.value)


def test_grease_is_one_feature_bit_and_one_key_and_stays_the_same() -> None:
    """MSG-2: receivers have to skip the key, and JOIN-3: the bit is part of the offer."""
    attempt = Attempt()
    datagrams = [attempt.send()]
    attempt.answer(CHALLENGE)
    datagrams.append(attempt.send())

    bodies = [decode_value(datagram[6:]) for datagram in datagrams]

    greased = []
    for body in bodies:
        assert isinstance(body, dict)
        features = body[3]
        assert isinstance(features, int)
        assert features in {1 << bit for bit in range(24, 32)}
        greased.append({key: body[key] for key in body if key in range(112, 128)} | {3: features})
    assert len(greased[0]) == 2
    assert greased[0] == greased[1]


def test_grease_uses_all_its_bits_and_keys() -> None:
    bodies = [decode_value(Attempt(seed=seed).send()[6:]) for seed in range(300)]

    keys = itertools.chain.from_iterable(body for body in bodies if isinstance(body, dict))
    features = {body[3] for body in bodies if isinstance(body, dict)}

    assert {key for key in keys if key > 100} == set(range(112, 128))
    assert features == {1 << bit for bit in range(24, 32)}


def test_requests_are_ctrl_datagrams_without_a_tag() -> None:
    attempt = Attempt()

    assert attempt.send()[:2] == bytes([FirstByte.CTRL, 0])


def test_stage_follows_the_handshake() -> None:
    attempt = Attempt()
    stages = [attempt.joining.stage]

    attempt.send()
    attempt.answer(CHALLENGE)
    stages.append(attempt.joining.stage)

    assert stages == [Stage.REACHING, Stage.JOINING]
