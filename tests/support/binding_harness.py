"""BIND by hand: a relay core that can be restarted, and members that take sessions up again."""

from dataclasses import dataclass, replace
from typing import Final

from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress
from packhorse.wire.binding import bind_proof, epoch_key, is_valid_grant
from packhorse.wire.ctrl import encode_ctrl
from packhorse.wire.messages import Bind, Error, Grant
from packhorse.wire.seal import derive_keys
from packhorse_relay.core.relay import RelayCore
from packhorse_relay.core.settings import Settings
from tests.support.applicant import TRANSACTION, Applicant, nonce
from tests.support.relay_harness import UNLIMITED, Outcome, RawMember, Rig, seeded_bytes

SECRET: Final = bytes(range(32))


class RestartableRig(Rig):
    """A rig whose relay keeps its secret from run to run."""

    def __init__(self, settings: Settings = UNLIMITED) -> None:
        super().__init__(settings)
        self._settings = settings
        self._runs = 0
        self.restart()

    def restart(self, secret: bytes | None = SECRET) -> None:
        """Forget everything but the secret."""
        self._runs += 1
        source = seeded_bytes(f"run {self._runs}")
        self.core = RelayCore(
            self._settings, source, secret=secret, unix_now=self.now + 1e9, now=self.now
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One BIND in the making."""

    at: TransportAddress
    session: int
    key: bytes
    ticket: bytes | None
    number: int = 500
    """Of the nonce."""
    restarted: bool | None = None
    guarded: bool | None = None

    @classmethod
    def of(cls, member: RawMember, at: TransportAddress, number: int = 500) -> "Binding":
        """Return what the owner of a session would say at another address."""
        grant = member.grant
        return cls(
            at=at, session=grant.session, key=grant.key, ticket=grant.resume_ticket, number=number
        )

    def datagram(self, rig: Rig, cookie: bytes | None = None) -> bytes:
        """Say HELLO, unless there is a cookie, and return BIND."""
        applicant = Applicant(address=self.at, nonce=nonce(self.number))
        bind = Bind(
            version_min=c.WIRE_VERSION,
            version_max=c.WIRE_VERSION,
            features=0,
            nonce=applicant.nonce,
            cookie=cookie or rig.cookie(applicant),
            max_datagram=c.MAX_DATAGRAM_DEFAULT,
            session=self.session,
            resume_ticket=self.ticket,
            proof=bytes(16),
            restarted=self.restarted,
            guarded=self.guarded,
        )
        return encode_ctrl(replace(bind, proof=bind_proof(self.key, bind)), TRANSACTION)

    def send(self, rig: Rig) -> Outcome:
        """Say HELLO and BIND; returns the outcome of BIND."""
        return rig.send(self.datagram(rig), self.at)

    def bound(self, rig: Rig, outcome: Outcome | None = None) -> RawMember:
        """Return the member that goes on after a BIND that must succeed."""
        outcome = outcome or self.send(rig)
        grants = [answer for answer in outcome.answers if isinstance(answer, Grant)]
        assert grants, outcome
        epoch = epoch_key(self.key, nonce(self.number), grants[0].key)
        assert is_valid_grant(grants[0], epoch)
        granted = replace(grants[0], key=self.key)
        member = RawMember(rig, self.at, granted, derive_keys(epoch))
        member.inbox = member.heard(outcome.sent)
        return member


def refusal_of(outcome: Outcome) -> int:
    """Return the error code that was answered."""
    [error] = outcome.answers
    assert isinstance(error, Error), error
    return error.code
