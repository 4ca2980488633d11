"""Requests of a session that the relay acknowledges, such as KICK and LEAVE."""

from collections.abc import Callable
from dataclasses import dataclass

from packhorse.core.retransmission import Retransmission


@dataclass(slots=True)
class _OpenRequest:
    datagram: bytes
    schedule: Retransmission


class Requests:
    """Repeats each request with the same bytes until it is answered (SPEC.md SEAL-2)."""

    def __init__(self) -> None:
        self._open: dict[int, _OpenRequest] = {}

    def __contains__(self, seq: int) -> bool:
        return seq in self._open

    def open(self, seq: int, datagram: bytes, *, now: float) -> None:
        """Start a request; `datagrams_to_send` hands it out."""
        self._open[seq] = _OpenRequest(datagram, Retransmission(now=now))

    def begin_again(self, renew: Callable[[bytes], bytes], *, now: float) -> None:
        """Start every open request anew; `renew` signs it with the keys that hold now."""
        for seq, request in self._open.items():
            self._open[seq] = _OpenRequest(renew(request.datagram), Retransmission(now=now))

    def close(self, seq: int) -> bool:
        """Forget an answered request; False when it was not open."""
        return self._open.pop(seq, None) is not None

    @property
    def is_repeating(self) -> bool:
        """Tell whether an open request was sent more than once."""
        return any(request.schedule.sends > 1 for request in self._open.values())

    def next_timeout(self) -> float | None:
        """Return when a request is due, or given up."""
        return min((request.schedule.deadline for request in self._open.values()), default=None)

    def datagrams_to_send(self, *, now: float) -> list[bytes]:
        """Return the requests that are due."""
        due = [
            request
            for request in self._open.values()
            if request.schedule.is_due(now=now) and not request.schedule.is_exhausted
        ]
        for request in due:
            request.schedule.count_send(now=now)
        return [request.datagram for request in due]

    def give_up(self, *, now: float) -> list[int]:
        """Forget and return the requests that were never answered."""
        failed = [
            seq
            for seq, request in self._open.items()
            if request.schedule.is_exhausted and request.schedule.is_due(now=now)
        ]
        for seq in failed:
            del self._open[seq]
        return failed
