"""What becomes of data over the limit of its sender, and of the sender."""

from typing import Final

from packhorse.wire.constants import DropReason, ErrorCode
from packhorse.wire.messages import Limited
from packhorse_relay.core.data_budget import DataBudget, Verdict
from packhorse_relay.core.drops import DatagramDropped
from packhorse_relay.core.forwarding import Route
from packhorse_relay.core.members import Members
from packhorse_relay.core.registry import Registry
from packhorse_relay.core.request import Request
from packhorse_relay.core.rooms import Session

_MOST: Final = 2**32 - 1  # what LIMITED can say


class DataLimits:
    """Drops what a sender's budget does not cover; tells the sender, and ends the stubborn."""

    def __init__(self, registry: Registry, members: Members) -> None:
        self._registry = registry
        self._members = members

    def charge(self, route: Route, tag: int, request: Request) -> None:
        """Take what the copies of a datagram cost its sender (SPEC.md section 10.3).

        Raises:
            DatagramDropped: The budget does not cover it.
        """
        size, copies = len(request.data), len(route.receivers)
        if not route.budget.take(size, copies, now=request.now):
            verdict = route.budget.refuse(size, copies, now=request.now)
            self._follow(verdict, tag, request)
            raise DatagramDropped(DropReason.DATA_LIMITED)

    def _follow(self, verdict: Verdict, tag: int, request: Request) -> None:
        sender = self._registry.table.sender_at(request.source, tag)
        session = None if sender is None else self._registry.sessions.get(sender.session)
        if session is None or verdict is Verdict.NOTHING:
            return
        if verdict is Verdict.TELL:
            self._tell(session, session.endpoint.budget)
        else:
            self._members.end(session, ErrorCode.RATE_LIMITED, now=request.now)

    def _tell(self, session: Session, budget: DataBudget) -> None:
        limited = Limited(
            seq=session.take_seq(),
            bytes_per_second=min(round(budget.rate.octets), _MOST),
            datagrams_per_second=min(round(budget.rate.datagrams), _MOST),
            dropped=min(budget.dropped, _MOST),
        )
        budget.dropped = 0
        self._members.send(session, limited)
