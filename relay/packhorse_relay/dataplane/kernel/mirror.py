"""The part of the forwarding table that the program in the kernel has, too."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from packhorse.aio.udp import SocketAddress
from packhorse_relay.core.data_budget import DataBudget
from packhorse_relay.core.forwarding import Receiver, Route
from packhorse_relay.dataplane.kernel.loans import Loans
from packhorse_relay.dataplane.kernel.tables import MAX_MEMBERS, MAX_ROUTES, Tables

_TAG_AT: Final = 1  # of a header
_ENDS: Final = 2  # members of a route
_LOOKS: Final = 4  # senders that are looked at again at a time


class _Place(NamedTuple):
    """Where a member is."""

    address: SocketAddress
    tag: int
    listener: int


@dataclass(slots=True)
class _Mirrored:
    """A member that the program knows."""

    index: int
    place: _Place
    uses: int = 0
    """Routes that begin or end here."""


class _Ends(NamedTuple):
    sender: _Mirrored
    receiver: _Mirrored


@dataclass(slots=True)
class Mirror:
    """Installs routes in the kernel, and takes them away."""

    _tables: Tables
    _udp_listeners: int
    loans: Loans = field(init=False)
    _routes: dict[tuple[int, SocketAddress], dict[bytes, _Ends]] = field(default_factory=dict)
    """By listener and address of the sender, then by header."""
    _count: int = 0
    _members: dict[tuple[SocketAddress, int], _Mirrored] = field(default_factory=dict)
    """By address and tag."""
    _free: deque[int] = field(default_factory=lambda: deque(range(MAX_MEMBERS)))
    _waiting: dict[int, tuple[_Ends, DataBudget]] = field(default_factory=dict)
    """Senders that may lend what they have, by index."""

    def __post_init__(self) -> None:
        self.loans = Loans(self._tables)

    @property
    def has_waiting(self) -> bool:
        """Tell whether `lend` has something to look at."""
        return bool(self._waiting)

    def call_in(self, source: SocketAddress, header: bytes) -> None:
        """End the loan of who sends such datagrams."""
        member = self._members.get((source, header[_TAG_AT]))
        if member is not None:
            self.loans.call_in(member.index)

    def offer(self, listener: int, source: SocketAddress, header: bytes, route: Route) -> None:
        """Install a route if it is one for the kernel; `lend` then makes it work."""
        known = self._routes.setdefault((listener, source), {})
        ends = known.get(header)
        if ends is None:
            if not self._is_for_kernel(listener, source, route):
                return
            ends = self._install(
                _Place(source, header[_TAG_AT], listener), header, route.receivers[0]
            )
            if ends is None:
                return
            known[header] = ends
        self._waiting[ends.sender.index] = (ends, route.budget)

    def lend(self) -> None:
        """Let the program spend for some of those who wait, if it knows the ways."""
        for index in list(self._waiting)[:_LOOKS]:
            ends, budget = self._waiting.pop(index)
            ways = (ends.sender.index, ends.receiver.index)
            if all(map(self._tables.is_way_known, ways)):
                self.loans.lend(index, budget)
            else:
                self._waiting[index] = (ends, budget)  # behind the others

    def forget(self, listener: int, source: SocketAddress) -> None:
        """Take away all routes of a sender."""
        routes = self._routes.pop((listener, source), {})
        self._tables.remove_routes(source, routes)
        self._count -= len(routes)
        for ends in routes.values():
            self.loans.call_in(ends.sender.index)
            self._waiting.pop(ends.sender.index, None)
            for each in ends:
                self._leave(each)

    def _is_for_kernel(self, listener: int, source: SocketAddress, route: Route) -> bool:
        if (
            len(route.receivers) != 1
            or self._count >= MAX_ROUTES
            or listener >= self._udp_listeners
        ):
            return False
        receiver = route.receivers[0]
        hosts = (source[0], receiver.address[0])
        is_same_family = (":" in hosts[0]) == (":" in hosts[1])
        has_zone = any("%" in host for host in hosts)
        return receiver.listener < self._udp_listeners and is_same_family and not has_zone

    def _install(self, place: _Place, header: bytes, receiver: Receiver) -> _Ends | None:
        """Give the program a route; None where it cannot have it."""
        to = _Place(receiver.address, receiver.prefix[_TAG_AT], receiver.listener)
        if not (self._can_enter(place) and self._can_enter(to)):
            return None
        ends = _Ends(self._enter(place), self._enter(to))
        try:
            self._tables.add_route(
                place.address, header, ends.sender.index, ends.receiver.index, receiver.prefix
            )
        except OSError:  # no memory
            for each in ends:
                self._leave(each)
            return None
        self._count += 1
        return ends

    def _can_enter(self, place: _Place) -> bool:
        """Tell whether the program can have a member; it knows only one at address and tag."""
        member = self._members.get((place.address, place.tag))
        if member is None:
            return len(self._free) >= _ENDS
        return member.place.listener == place.listener

    def _enter(self, place: _Place) -> _Mirrored:
        """Use a member once more."""
        key = (place.address, place.tag)
        member = self._members.get(key)
        if member is None:
            member = _Mirrored(self._free.popleft(), place)
            self._tables.add_member(member.index, *place)
            self._members[key] = member
        member.uses += 1
        return member

    def _leave(self, member: _Mirrored) -> None:
        member.uses -= 1
        if member.uses == 0:
            address, tag, _ = member.place
            self.loans.forget(member.index)
            self._tables.remove_member(member.index, address, tag)
            del self._members[address, tag]
            self._free.append(member.index)
