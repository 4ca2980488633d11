"""Datagrams that wait to be sent, and the budgets for answers that anybody may ask for."""

from enum import Enum, auto
from typing import Final

from packhorse.wire.address import TransportAddress, source_of
from packhorse.wire.constants import DropReason
from packhorse_relay.core.buckets import SourceBuckets, TokenBucket
from packhorse_relay.core.drops import DatagramDropped
from packhorse_relay.core.settings import Settings

_AT_ONCE: Final = 0.1  # seconds' worth of all answers; making more would keep the rooms waiting


class Answer(Enum):
    """Kinds of answers; each has a budget of its own, so that none uses up another's.

    Source: protocol_spec/SPEC.md section 4.5.
    """

    GREETING = auto()
    """To HELLO in a datagram: without it nobody joins."""
    STREAM_GREETING = auto()
    """To HELLO over WebSocket, whose address nobody can forge."""
    REFUSAL = auto()
    """To a request with a valid cookie."""
    NUDGE = auto()
    """To data of an unknown address: a game sends far more of it than of anything else."""
    STUN = auto()
    """To STUN: anybody may ask for the address that datagrams in its name come from."""
    ADVICE = auto()
    """All others, which anybody can provoke with a few bytes."""


class _Budget:
    """What may be answered in one kind: to a source, and in all."""

    def __init__(self, settings: Settings, now: float) -> None:
        total = settings.reply_rate_total
        self._by_source = SourceBuckets(settings.reply_rate, settings.reply_rate)
        self.in_all = TokenBucket(total, total * _AT_ONCE, now=now)

    def __len__(self) -> int:
        return len(self._by_source)

    def change_settings(self, settings: Settings, now: float) -> None:
        total = settings.reply_rate_total
        self._by_source.change_rate(settings.reply_rate, settings.reply_rate)
        self.in_all.change_rate(total, total * _AT_ONCE, now=now)

    def spend(self, source: bytes, now: float) -> bool:
        # Asked first and taken last: a flood from one source uses up only its own budget,
        # and a flood from many fills no table once the budget of all is used up.
        if self.in_all.wait(now=now) or not self._by_source.take(source, now=now):
            return False
        return self.in_all.take(now=now)


class Outbox:
    """Collects what must go out; an answer to a stranger has to be paid for."""

    def __init__(self, settings: Settings, *, now: float) -> None:
        self._datagrams: list[tuple[bytes, TransportAddress]] = []
        self._budgets = {kind: _Budget(settings, now) for kind in Answer}

    def __len__(self) -> int:
        return len(self._datagrams)

    def change_settings(self, settings: Settings, *, now: float) -> None:
        """Go by other reply rates from now on."""
        for budget in self._budgets.values():
            budget.change_settings(settings, now)

    def send(self, datagram: bytes, address: TransportAddress) -> None:
        """Queue a datagram for a proven address, or one that `spend` has paid for."""
        self._datagrams.append((datagram, address))

    def has_any(self, kind: Answer, *, now: float) -> bool:
        """Tell whether anything of a kind may be answered now; the cheapest question of all."""
        return not self._budgets[kind].in_all.wait(now=now)

    def spend(self, kind: Answer, address: TransportAddress, *, now: float) -> None:
        """Pay for an answer before it is made (SPEC.md section 4.5).

        Raises:
            DatagramDropped: The budget of the source or of the relay is used up.
        """
        if not self._budgets[kind].spend(source_of(address), now):
            raise DatagramDropped(DropReason.REPLY_BUDGET)

    def try_reply_unproven(
        self,
        reply: bytes,
        request: bytes,
        address: TransportAddress,
        *,
        kind: Answer = Answer.ADVICE,
        now: float,
    ) -> bool:
        """Queue advice to an address that may be spoofed (SPEC.md JOIN-2).

        For requests that are dropped for a reason of their own, reply or not. `reply`
        must cost next to nothing: it is made before the budget is asked.

        Returns:
            False when the reply is larger than the request, or over a budget.
        """
        budget = self._budgets[kind]
        if len(reply) > len(request) or not budget.spend(source_of(address), now):
            return False
        self._datagrams.append((reply, address))
        return True

    def drain(self) -> list[tuple[bytes, TransportAddress]]:
        """Return what must go out now and forget it."""
        datagrams, self._datagrams = self._datagrams, []
        return datagrams
