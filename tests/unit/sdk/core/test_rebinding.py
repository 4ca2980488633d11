"""Tests of the attempt to take a session up again while it is in use."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from packhorse.core.rebinding import Rebinding
from packhorse.core.saved_session import SavedSession
from packhorse.wire.binding import epoch_key, grant_proof, is_valid_bind
from packhorse.wire.constants import BIND_RETRY, DropReason, ErrorCode
from packhorse.wire.ctrl import decode_ctrl
from packhorse.wire.errors import ParseError, RelayRefusedError
from packhorse.wire.fields import Sender
from packhorse.wire.header import decode_header
from packhorse.wire.messages import Bind, Challenge, Error, Grant, Hello
from tests.support.scripted_relay import GRANT, middle

SAVED = SavedSession(GRANT.session, GRANT.key, 1200, b"ticket")
SHARE = bytes(range(100, 132))


class Relay:
    """Says what a relay says to one attempt."""

    def __init__(self) -> None:
        self.rebinding = Rebinding(middle, now=0.0)

    def asked(self, now: float) -> tuple[Hello | Bind, int]:
        """Return what is sent at `now`, with its transaction."""
        [datagram] = self.rebinding.handle_timeout(now=now)
        message = decode_ctrl(datagram, Sender.MEMBER)
        assert isinstance(message, Hello | Bind)
        return message, decode_header(datagram).word

    def challenged(self, now: float = 0.0) -> tuple[Bind, int]:
        """Start an attempt and take it to its BIND."""
        assert self.rebinding.start(SAVED, now=now)
        _, transaction = self.asked(now)
        challenge = Challenge(version=1, features=0, cookie=bytes(20))
        self.rebinding.receive(challenge, transaction, now=now)
        bind, transaction = self.asked(now)
        assert isinstance(bind, Bind)
        return bind, transaction


def granted(bind: Bind) -> Grant:
    """Return the right answer to a BIND."""
    grant = replace(GRANT, key=SHARE, features=0)
    epoch = epoch_key(SAVED.key, bind.nonce, SHARE)
    return replace(grant, proof=grant_proof(epoch, grant))


def test_bind_proves_the_key_and_shows_the_ticket() -> None:
    bind, _ = Relay().challenged()

    assert is_valid_bind(bind, SAVED.key)
    assert (bind.session, bind.resume_ticket, bind.restarted) == (SAVED.session, b"ticket", None)


def test_grant_has_the_key_of_the_new_epoch() -> None:
    """RES-3."""
    relay = Relay()
    bind, transaction = relay.challenged()

    relay.rebinding.receive(granted(bind), transaction, now=0.1)

    assert relay.rebinding.grant is not None
    assert relay.rebinding.grant.key == epoch_key(SAVED.key, bind.nonce, SHARE)
    assert not relay.rebinding.is_open


@pytest.mark.parametrize(
    "forge",
    [
        lambda grant: replace(grant, proof=bytes(16)),
        lambda grant: replace(grant, proof=None),
        lambda grant: replace(grant, session=1),
    ],
    ids=["other proof", "no proof", "other session"],
)
def test_grant_with_a_wrong_proof_is_not_taken(forge: Callable[[Grant], Grant]) -> None:
    """RES-4: and the attempt goes on."""
    relay = Relay()
    bind, transaction = relay.challenged()

    with pytest.raises(ParseError) as caught:
        relay.rebinding.receive(forge(granted(bind)), transaction, now=0.1)

    assert caught.value.reason is DropReason.BAD_MAC
    assert relay.rebinding.is_open
    assert relay.rebinding.grant is None


def test_attempt_without_an_answer_is_followed_by_another_until_it_is_granted() -> None:
    """BIND may have been taken, and only its GRANT lost."""
    relay = Relay()
    relay.challenged()
    assert not relay.rebinding.start(SAVED, now=1.0)
    hellos = 0
    while hellos < 5:
        when = relay.rebinding.next_timeout()
        assert when is not None
        for datagram in relay.rebinding.handle_timeout(now=when):
            hellos += isinstance(decode_ctrl(datagram, Sender.MEMBER), Hello)

    assert relay.rebinding.is_open
    assert relay.rebinding.error is None


def test_relay_that_still_speaks_under_the_present_keys_needs_no_other_attempt() -> None:
    relay = Relay()
    assert relay.rebinding.start(SAVED, now=0.0)
    sent = True
    while sent:
        when = relay.rebinding.next_timeout()
        assert when is not None
        sent = bool(relay.rebinding.handle_timeout(now=when))

    relay.rebinding.hear()

    assert not relay.rebinding.is_open
    assert relay.rebinding.next_timeout() is None
    assert relay.rebinding.start(SAVED, now=6.0)


def test_attempts_keep_a_distance() -> None:
    relay = Relay()
    relay.rebinding.start(SAVED, now=0.0)
    relay.rebinding.stop()

    assert not relay.rebinding.start(SAVED, now=BIND_RETRY - 0.1)
    assert relay.rebinding.start(SAVED, now=BIND_RETRY)


@pytest.mark.parametrize("wait", [None, 9000])
def test_passing_refusal_delays_the_next_attempt(wait: int | None) -> None:
    relay = Relay()
    _, transaction = relay.challenged()
    refused = Error(code=ErrorCode.RATE_LIMITED, retry_after_ms=wait)

    relay.rebinding.receive(refused, transaction, now=1.0)

    pause = wait / 1000 if wait else BIND_RETRY
    assert relay.rebinding.error is None
    assert not relay.rebinding.start(SAVED, now=0.9 + pause)
    assert relay.rebinding.start(SAVED, now=1.0 + pause)


def test_other_refusal_is_the_end() -> None:
    relay = Relay()
    _, transaction = relay.challenged()

    relay.rebinding.receive(Error(code=ErrorCode.SESSION_UNKNOWN), transaction, now=1.0)

    assert isinstance(relay.rebinding.error, RelayRefusedError)
    assert relay.rebinding.error.code == ErrorCode.SESSION_UNKNOWN


def test_answer_without_an_attempt_is_dropped() -> None:
    with pytest.raises(ParseError) as caught:
        Relay().rebinding.receive(Error(code=1), 7, now=0.0)

    assert caught.value.reason is DropReason.UNKNOWN_TRANSACTION
