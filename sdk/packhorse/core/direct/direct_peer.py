"""The direct paths to one peer."""

from collections.abc import Callable
from operator import itemgetter
from typing import Final

from packhorse.core.direct.channel import DirectChannel, DirectDatagram, DirectEnd
from packhorse.core.direct.check_plan import CheckPlan
from packhorse.core.direct.offers import Offers, end_of
from packhorse.core.direct.rate_budget import RateBudget
from packhorse.core.direct.remote import Remote
from packhorse.core.direct.remotes import Remotes
from packhorse.wire.address import TransportAddress
from packhorse.wire.candidates import decode_candidates, may_be_checked
from packhorse.wire.constants import (
    ANSWER_RATE,
    ATTEMPT_PAUSE,
    ATTEMPT_TIME,
    ATTEMPTS,
    CHALLENGE_SIZE,
    DOUBT_TIME,
    IDLE_CHECK,
    QUIET_CHECK,
    DropReason,
)
from packhorse.wire.errors import ParseError
from packhorse.wire.messages import Check, Offer

_FLOW: Final = 1.0  # seconds after the last datagram in which data counts as flowing
_BYTE: Final = 256


class DirectPeer:
    """Offers, checks and the choice of a path, for one peer."""

    def __init__(
        self,
        *,
        leads: bool,
        relay: TransportAddress,
        budget: RateBudget,
        largest: int,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """Begin without any path.

        Args:
            leads: This side has the lower peer id.
            relay: Address of the own relay.
            budget: What may be sent to addresses that are not proven.
            largest: Bytes of the largest datagram.
            random_bytes: Source of randomness.
        """
        self._leads = leads
        self._relay = relay
        self._budget = budget
        self._largest = largest
        self._random_bytes = random_bytes
        self._remotes = Remotes()
        self._channel: DirectChannel | None = None
        self._attempts_left = ATTEMPTS
        self._attempt_ends: float | None = None
        self._next_attempt: float | None = None
        self._sent_at = 0.0  # when data last went to the path in use
        self._answers = RateBudget(ANSWER_RATE, 2 * ANSWER_RATE)
        self._outbox: list[DirectDatagram] = []
        self._used: Remote | None = None
        self._is_in_doubt = False
        self._is_stale = True  # the two below are to be found out again
        self._due: float | None = None  # when anything but a planned check is due
        self._planned_due: float | None = None  # when the first planned check is due
        self.seen: TransportAddress | None = None
        """Where the relay sees the peer, if that was shown with its newest signal."""
        self.served_at = 0.0
        """When the budget was last drawn upon."""
        self.offers = Offers(DirectEnd.choose(random_bytes))
        self.attempts = 0
        """Attempts of which a check has gone out."""
        self._is_announced = False  # an attempt of which none has

    @property
    def own(self) -> DirectEnd:
        """What this side chose for what comes to it."""
        return self.offers.own

    @property
    def used(self) -> Remote | None:
        """The address in use, trusted or in doubt; None while the relay carries everything."""
        return self._used

    @property
    def seeks_since(self) -> float | None:
        """When the present attempt began, if it has come to nothing yet."""
        ends = self._attempt_ends if self._used is None else None
        return None if ends is None else ends - ATTEMPT_TIME

    @property
    def listeners(self) -> set[int]:
        """Numbers of the sockets from which addresses are checked or used."""
        return {each.address.listener for each in self._remotes if each.is_proven or each.plan}

    def offer(self, candidates: bytes, *, is_hope: bool = True, now: float) -> None:
        """Tell the peer where this side may be reached.

        Args:
            candidates: As encoded.
            is_hope: They are worth another attempt, not only of use in the present one.
            now: Clock.
        """
        self.offers.renew(candidates=candidates, now=now)
        if is_hope:
            self._hope(now=now)
        if self._attempt_ends is not None:
            self._join_attempt(now)
        self._is_stale = True

    def receive_offer(self, offer: Offer, *, rtt: float, now: float) -> None:
        """Act upon the peer's offer.

        Args:
            offer: What came.
            rtt: Round-trip time to the relay, seconds: about what a signal takes to the peer.
            now: Clock.

        Raises:
            ParseError: It is old, malformed or not usable.
        """
        self._is_stale = True
        candidates = decode_candidates(offer.candidates)
        former = self.offers.peer
        if offer.connection == self.own.connection:
            self._choose_anew(now)
            raise ParseError(DropReason.BAD_FIELD)
        if not self.offers.receive(offer, now=now):
            return
        if former is None or end_of(former) != end_of(offer):
            self._meet(offer)
            former = None
        self._remotes.offer(
            [item for item in candidates if may_be_checked(item.address, relay=self._relay)]
        )
        if self._leads:
            is_other = former is None or former.candidates != offer.candidates
            if is_other:
                self._seek(rtt, now)
        elif former is None or offer.attempt != former.attempt:
            self._begin_attempt(at=now)
        elif self._attempt_ends is not None:
            self._join_attempt(now)

    def receive_seal(self, data: bytes, source: TransportAddress, *, now: float) -> None:
        """Act upon a CHECK or CHECKED that names this side's connection.

        Raises:
            ParseError: It is not to be acted upon; the reason says why.
        """
        if self._channel is None:
            raise ParseError(DropReason.UNKNOWN_SESSION)
        message = self._channel.decode(data)
        self._is_stale = True
        if isinstance(message, Offer):
            raise ParseError(DropReason.UNEXPECTED_MESSAGE)
        if isinstance(message, Check):
            self._answer(message, source, now, len(data))
            return
        remote = self._remotes.get(source)
        if remote is None or not remote.take_answer(message.challenge, now=now):
            raise ParseError(DropReason.UNKNOWN_TRANSACTION)
        if not remote.is_proven:
            self._check(remote, now, is_large=True)
        else:
            remote.plan = None
        self._choose(now)

    def hear_data(self, source: TransportAddress, tag: int, *, now: float) -> None:
        """Note that DATA or FRAME came directly.

        Raises:
            ParseError: No valid check has come from there, or it has another tag.
        """
        remote = self._remotes.get(source)
        if remote is None or not remote.lets_data_in(now=now):
            raise ParseError(DropReason.UNEXPECTED_SOURCE)
        if tag != self.own.tag:
            raise ParseError(DropReason.WRONG_TAG)
        self._is_stale = True
        remote.hear(now=now)

    def is_trusted(self, *, now: float) -> bool:
        """Tell whether the path in use may carry data alone."""
        return self._used is not None and self._used.is_trusted(now=now)

    def post(self, start: int, word: bytes, payload: bytes, *, now: float) -> None:
        """Send a datagram over the path in use.

        Args:
            start: First byte.
            word: The u32 of the header.
            payload: What follows the header.
            now: Clock.
        """
        used, peer = self._used, self.offers.peer
        if used is None or peer is None:
            return
        self._is_stale = True
        self._sent_at = now
        data = bytes((start, peer.tag)) + word + payload
        self._outbox.append(DirectDatagram(data, used.address))

    def probe(self, target: TransportAddress) -> None:
        """Send a small CHECK there without waiting for its answer."""
        if self._channel is not None:
            data = self._channel.check(self._random_bytes(CHALLENGE_SIZE), 0)
            self._outbox.append(DirectDatagram(data, target))

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` has work."""
        self._look_up_dues()
        if self._planned_due is None:
            return self._due
        planned = max(self._planned_due, self._budget.ready_at)
        return planned if self._due is None else min(self._due, planned)

    def is_due(self, *, now: float) -> bool:
        """Tell whether `handle_timeout` may have work: it is, or something has happened."""
        if self._is_stale:
            return True
        due = self.next_timeout()
        return due is not None and due <= now

    def _look_up_dues(self) -> None:
        """Go through the addresses, unless nothing has happened since the last time."""
        if not self._is_stale:
            return
        self._is_stale = False
        dues = [self._next_attempt, self._attempt_ends, *map(self._check_due, self._remotes)]
        used = self._used
        if used is not None:
            dues.append(used.consent_ends)
        if used is not None and used.waiting_since is not None:
            ends = used.waiting_since + used.trust
            dues.append(ends + DOUBT_TIME if self._is_in_doubt else ends)
        self._due = _earliest(dues)
        self._planned_due = _earliest([each.plan.due for each in self._remotes if each.plan])

    def handle_timeout(self, *, rtt: float, now: float) -> bool:
        """Do what is due; tell whether the path in use has just come into doubt."""
        self._is_stale = True
        if self._attempt_ends is not None and now >= self._attempt_ends:
            self._end_attempt(now)
        if self._next_attempt is not None and now >= self._next_attempt:
            self._next_attempt = None
            self._lead(rtt, now)
        for remote in self._remotes:
            self._tend(remote, now)
        self._check_planned(now)
        self._choose(now)
        return self._note_doubt(now)

    def datagrams_to_send(self) -> list[DirectDatagram]:
        """Drain what goes to the peer's addresses."""
        datagrams, self._outbox = self._outbox, []
        return datagrams

    def _note_doubt(self, now: float) -> bool:
        was_in_doubt = self._is_in_doubt
        self._is_in_doubt = self._used is not None and not self.is_trusted(now=now)
        return self._is_in_doubt and not was_in_doubt

    def _choose_anew(self, now: float) -> None:
        """Take another connection; all that was known of the peer's paths is void."""
        self.offers.own = DirectEnd.choose(self._random_bytes)
        self.offers.peer = self._channel = self._used = None
        self._remotes = Remotes()
        self.offers.renew(now=now)

    def _meet(self, offer: Offer) -> None:
        """Begin with a peer of whom nothing is known."""
        self._remotes = Remotes()
        self._used = None
        self._channel = DirectChannel(self.own, end_of(offer), is_lower=self._leads)

    def _seek(self, rtt: float, now: float) -> None:
        """Look for a path through what was offered just now."""
        if self._attempt_ends is not None:
            self._join_attempt(now)
        elif self._used is None:
            self._attempts_left = ATTEMPTS
            self._lead(rtt, now)

    def _join_attempt(self, now: float) -> None:
        if self._leads:
            self._remotes.meet(self.offers.predicted, at=now)
        self._remotes.join_attempt(at=now)

    def _hope(self, *, now: float) -> None:
        self._attempts_left = ATTEMPTS
        if self._leads and self.offers.peer is not None and self._used is None:
            self._next_attempt = now

    def _lead(self, rtt: float, now: float) -> None:
        """Tell the peer that an attempt begins, and begin it when the peer does."""
        self._attempts_left -= 1
        self.offers.attempt += 1
        self.offers.renew(now=now)
        self._begin_attempt(at=now + rtt)

    def _begin_attempt(self, *, at: float) -> None:
        self._is_announced = True
        self._next_attempt = None
        self._attempt_ends = at + ATTEMPT_TIME
        self._remotes.begin_attempt(at=at)

    def _end_attempt(self, now: float) -> None:
        self._attempt_ends = None
        self._remotes.end_attempt()
        if self._leads and self._used is None:
            pause = 0.0 if self._attempts_left > 0 else ATTEMPT_PAUSE
            self._next_attempt = now + pause

    def _answer(self, check: Check, source: TransportAddress, now: float, size: int) -> None:
        remote = self._remotes.learn(source)
        if remote is None:
            raise ParseError(DropReason.BUFFER_FULL)
        if not self._answers.take(now=now) or self._channel is None:
            raise ParseError(DropReason.RATE_LIMITED)
        answer = self._channel.checked(check.challenge)
        if len(answer) > size:
            raise ParseError(DropReason.REPLY_BUDGET)
        remote.vouch(now=now)
        self._outbox.append(DirectDatagram(answer, source))
        if not remote.is_proven and (remote.plan is None or remote.plan.due is None):
            remote.plan = CheckPlan(starts_at=now, opens=False)

    def _tend(self, remote: Remote, now: float) -> None:
        """Check a proven address if that is due."""
        due = self._check_due(remote)
        if due is None or now < due:
            return
        if remote is not self._used and remote.is_hopeless(now=now):
            remote.give_up()
        else:
            self._check(remote, now)

    def _check_planned(self, now: float) -> None:
        """Check the addresses of an attempt that are due, the longest due first."""
        planned = [(remote.plan.due or 0.0, remote) for remote in self._remotes if remote.plan]
        for due, remote in sorted(planned, key=itemgetter(0)):
            if remote.plan is None or remote.plan.due is None or due > now:
                continue
            if not self._budget.take(now=now):
                return
            self.served_at = now
            self.attempts += self._is_announced
            self._is_announced = False
            ttl = remote.plan.take(self._random_bytes(1)[0] / _BYTE, now=now)
            self._check(remote, now, ttl=ttl, is_large=remote.answered_at is not None)

    def _check_due(self, remote: Remote) -> float | None:
        """Return when a proven address is checked next."""
        if not remote.is_proven:
            return None
        in_use = remote is self._used
        is_waiting = in_use and remote.waiting_since is not None
        flows = in_use and self._sent_at > remote.last_at - _FLOW and self._sent_at > 0
        quiet = remote.last_at + (QUIET_CHECK if is_waiting or flows else IDLE_CHECK)
        return min(quiet, remote.consent_due)

    def _check(
        self, remote: Remote, now: float, *, ttl: int | None = None, is_large: bool = False
    ) -> None:
        if self._channel is None:
            return
        challenge = self._random_bytes(CHALLENGE_SIZE)
        data = self._channel.check(challenge, self._largest if is_large else 0)
        remote.note_check(challenge, is_large=is_large, now=now)
        self._outbox.append(DirectDatagram(data, remote.address, ttl))

    def _choose(self, now: float) -> None:
        """Use the best trusted address; keep one in doubt for a while."""
        best = self._remotes.best(self._used, now=now)
        if best is None and self._used is not None:
            if not self._used.is_hopeless(now=now):
                return
            self._used.give_up()
            self._hope(now=now)
        if best is not self._used:
            self._used = best
            if best is not None:
                best.plan = None


def _earliest(dues: list[float | None]) -> float | None:
    return min((due for due in dues if due is not None), default=None)
