"""STUN requests of one socket: sent again until answered or given up (RFC 8489, section 6.2.1)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ParseError
from packhorse.wire.stun import (
    TRANSACTION_SIZE,
    StunMessage,
    StunType,
    decode_stun,
    encode_request,
)

_SIZE: Final = 80  # bytes of a request; the answer of the relay fits (SPEC.md 18.7)
_RTO: Final = 0.2  # seconds to the first repetition; doubles
_SENDS: Final = 4
GIVE_UP: Final = _RTO * (2**_SENDS - 1)
"""Seconds after which a request has failed."""
_MAX_OPEN: Final = 16  # requests


class StunResult(NamedTuple):
    """What became of a request."""

    number: int
    mapped: TransportAddress | None
    """What the server saw; None without a usable answer."""
    other_port: int | None
    """Second port of the server, where it has told one."""
    source: TransportAddress | None
    """Where the answer came from."""
    rtt: float | None
    """Seconds; None when the request was sent more than once."""


@dataclass(slots=True)
class _Open:
    """A request that waits for its answer."""

    number: int
    transaction: bytes
    target: TransportAddress
    from_other_port: bool
    started_at: float
    sends: int = 0
    due: float = 0.0


class StunClient:
    """Asks and takes answers; several requests may be open at a time."""

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._open: dict[bytes, _Open] = {}
        self._count = 0
        self._outbox: list[tuple[bytes, TransportAddress]] = []
        self._results: list[StunResult] = []

    def ask(self, target: TransportAddress, *, from_other_port: bool = False, now: float) -> int:
        """Ask a server what it sees; returns the number of the request.

        Args:
            target: Address of the server.
            from_other_port: Have it answer from its other port.
            now: Clock seconds.
        """
        self._count += 1
        transaction = self._random_bytes(TRANSACTION_SIZE)
        if len(self._open) >= _MAX_OPEN:
            self._finish(next(iter(self._open.values())), None, None, now)
        self._open[transaction] = _Open(
            self._count, transaction, target, from_other_port, now, due=now
        )
        self.handle_timeout(now=now)
        return self._count

    def receive(self, data: bytes, source: TransportAddress, *, now: float) -> None:
        """Take what may be an answer.

        Raises:
            ParseError: It is malformed, a request, or answers nothing that was asked there.
        """
        message = decode_stun(data)
        request = self._open.get(message.transaction)
        if message.type is StunType.REQUEST or request is None:
            raise ParseError(DropReason.UNKNOWN_TRANSACTION)
        if not _may_answer(request, source):
            raise ParseError(DropReason.UNEXPECTED_SOURCE)
        self._finish(request, message, source, now)

    def results(self) -> list[StunResult]:
        """Drain what has become of requests."""
        results, self._results = self._results, []
        return results

    def datagrams_to_send(self) -> list[tuple[bytes, TransportAddress]]:
        """Drain what must go out."""
        datagrams, self._outbox = self._outbox, []
        return datagrams

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` has work."""
        return min((request.due for request in self._open.values()), default=None)

    def handle_timeout(self, *, now: float) -> None:
        """Repeat what is due, give up what has been repeated enough."""
        for request in list(self._open.values()):
            if now < request.due:
                continue
            if request.sends == _SENDS:
                self._finish(request, None, None, now)
            else:
                self._send(request, now)

    def _send(self, request: _Open, now: float) -> None:
        data = encode_request(
            request.transaction, size=_SIZE, from_other_port=request.from_other_port
        )
        self._outbox.append((data, request.target))
        request.due = now + _RTO * 2**request.sends
        request.sends += 1

    def _finish(
        self,
        request: _Open,
        answer: StunMessage | None,
        source: TransportAddress | None,
        now: float,
    ) -> None:
        mapped = answer.mapped if answer else None
        other_port = answer.other_port if answer else None
        rtt = now - request.started_at if answer and request.sends == 1 else None
        del self._open[request.transaction]
        self._results.append(StunResult(request.number, mapped, other_port, source, rtt))


def _may_answer(request: _Open, source: TransportAddress) -> bool:
    is_same_host = source.host == request.target.host
    is_same_port = source.port == request.target.port
    return is_same_host and is_same_port is not request.from_other_port
