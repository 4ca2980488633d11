"""The forwarding table: all that the control plane and a data plane share.

The control plane attaches, moves and detaches endpoints. `resolve` says who receives a
datagram; its answers stand in `routes` until a change makes them stale, so that a data
plane needs one look-up by address and one by header.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import (
    FANOUT_BIT,
    FIRST_BYTE,
    HEADER_SIZE,
    DropReason,
    FirstByte,
    Kind,
)
from packhorse.wire.header import HOST, Header, encode_header
from packhorse_relay.core.data_budget import DataBudget
from packhorse_relay.core.drops import DatagramDropped

OnStale = Callable[[int, tuple[str, int]], object]
"""Called with a listener, host and port."""

_MAX_CACHED: Final = 1 << 18  # receivers; about 40 MB. 10,000 members in rooms of ten: 180,000


class Receiver(NamedTuple):
    """One copy that a datagram becomes."""

    prefix: bytes
    """The 6 bytes that replace the header."""
    listener: int
    """Which of the own sockets sends it."""
    address: tuple[str, int]
    """Host and port."""


@dataclass(slots=True)
class Route:
    """The copies of a datagram, and who pays for them."""

    receivers: tuple[Receiver, ...]
    budget: DataBudget
    """Of the sender."""
    sender: tuple[str, int]
    """Host and port."""


@dataclass(slots=True, eq=False)
class Group:
    """The endpoints of one room."""

    is_star: bool
    endpoints: "dict[int, Endpoint]" = field(default_factory=dict)
    """By peer id."""


@dataclass(slots=True, eq=False)
class Endpoint:
    """A member as a data plane sees it."""

    group: Group
    peer: int
    tag: int
    address: TransportAddress
    budget: DataBudget = field(default_factory=DataBudget)
    """What it may send; without limits unless its session has some."""
    session: int = 0
    """Session id, for the control plane."""
    socket_address: tuple[str, int] = field(init=False)
    """Host and port, made once for all routes that begin or end here."""

    def __post_init__(self) -> None:
        self.move(self.address)

    def move(self, address: TransportAddress) -> None:
        """Take another address."""
        self.address = address
        self.socket_address = address.host, address.port


class ForwardingTable:
    """Who is behind an address and tag, and who receives what it sends."""

    def __init__(self) -> None:
        self._endpoints: dict[tuple[TransportAddress, int], Endpoint] = {}
        self.routes: dict[int, dict[tuple[str, int], dict[bytes, Route]]] = {}
        """Listener, then (host, port), then header to the receivers: read-only for others."""
        self.on_stale: OnStale = lambda _listener, _address: None
        """Called with a listener and an address from which no answer stands any more."""
        self.version = 0
        """Changes whenever an endpoint comes, goes or moves."""
        self._at: Counter[TransportAddress] = Counter()  # endpoints by address
        self._cached = 0  # receivers in `routes`

    def __len__(self) -> int:
        return len(self._endpoints)

    def is_free(self, address: TransportAddress, tag: int) -> bool:
        """Tell whether no endpoint has this address and tag."""
        return (address, tag) not in self._endpoints

    def sender_at(self, address: TransportAddress, tag: int) -> Endpoint | None:
        """Return the endpoint with this address and tag."""
        return self._endpoints.get((address, tag))

    def has_endpoint_at(self, address: TransportAddress) -> bool:
        """Tell whether there is an endpoint at this address, whatever its tag."""
        return address in self._at

    def addresses_by_listener(self) -> dict[int, set[tuple[str, int]]]:
        """Return the hosts and ports that have endpoints, by the socket that they speak to."""
        addresses: dict[int, set[tuple[str, int]]] = {}
        for host, port, listener in self._at:
            addresses.setdefault(listener, set()).add((host, port))
        return addresses

    def attach(self, endpoint: Endpoint) -> None:
        """Add an endpoint to the table and to its group."""
        self.version += 1
        self._at[endpoint.address] += 1
        self._endpoints[endpoint.address, endpoint.tag] = endpoint
        endpoint.group.endpoints[endpoint.peer] = endpoint
        self._forget_routes(endpoint.group)

    def detach(self, endpoint: Endpoint) -> None:
        """Remove an endpoint from the table and from its group."""
        self._forget_routes(endpoint.group)
        del self._endpoints[endpoint.address, endpoint.tag]
        self.version += 1
        self._at[endpoint.address] -= 1
        if not self._at[endpoint.address]:
            del self._at[endpoint.address]
        del endpoint.group.endpoints[endpoint.peer]

    def move(self, endpoint: Endpoint, address: TransportAddress, tag: int | None = None) -> None:
        """Give an endpoint another address and perhaps tag; the pair of both must be free."""
        self.detach(endpoint)
        endpoint.move(address)
        endpoint.tag = endpoint.tag if tag is None else tag
        self.attach(endpoint)

    def set_star(self, group: Group, *, is_star: bool) -> None:
        """Change who may address whom in a group."""
        group.is_star = is_star
        self._forget_routes(group)

    def resolve(self, data: bytes, header: Header, source: TransportAddress) -> Route:
        """Return who receives the datagram `data` from `source`.

        Complexity: O(receivers) the first time; then the answer stands in `routes`.

        Source: protocol_spec/SPEC.md section 12.

        Raises:
            DatagramDropped: Nobody may receive it; the reason says why.
        """
        start = data[:HEADER_SIZE]
        known = self.routes.get(source.listener, {}).get((source.host, source.port), {}).get(start)
        if known is not None:
            return known
        sender = self.sender_at(source, header.tag)
        if sender is None:
            raise DatagramDropped(DropReason.UNKNOWN_SOURCE)
        route = _route(sender, header)
        if -header.destination in sender.group.endpoints or header.destination >= 0:
            self._remember(start, source.listener, route)
        return route

    def _remember(self, header: bytes, listener: int, route: Route) -> None:
        """Keep an answer; those of whoever sent first go when there are too many.

        A member could name any number of peers that are not there: all but -n of them
        is all. Such answers are not kept.
        """
        self._make_room(len(route.receivers))
        self._cached += len(route.receivers)
        self.routes.setdefault(listener, {}).setdefault(route.sender, {})[header] = route

    def _make_room(self, count: int) -> None:
        for listener, by_address in self.routes.items():
            while by_address and self._cached + count > _MAX_CACHED:
                self._forget_routes_of(listener, next(iter(by_address)))

    def _forget_routes(self, group: Group) -> None:
        for endpoint in group.endpoints.values():
            self._forget_routes_of(endpoint.address.listener, endpoint.socket_address)

    def _forget_routes_of(self, listener: int, address: tuple[str, int]) -> None:
        forgotten = self.routes.get(listener, {}).pop(address, None)
        if forgotten is not None:
            self._cached -= sum(len(route.receivers) for route in forgotten.values())
            self.on_stale(listener, address)


def _route(sender: Endpoint, header: Header) -> Route:
    destination = header.destination
    if sender.group.is_star and HOST not in (sender.peer, destination):
        raise DatagramDropped(DropReason.NOT_ALLOWED)
    receivers = _receivers(sender, destination)
    if not receivers:
        raise DatagramDropped(DropReason.UNKNOWN_DESTINATION)
    word = sender.peer if destination > 0 else sender.peer | FANOUT_BIT
    first_byte = _FIRST_BYTES[header.kind]
    copies = (
        Receiver(
            encode_header(first_byte, receiver.tag, word),
            receiver.address.listener,
            receiver.socket_address,
        )
        for receiver in receivers
    )
    return Route(tuple(copies), sender.budget, sender.socket_address)


def _receivers(sender: Endpoint, destination: int) -> list[Endpoint]:
    endpoints = sender.group.endpoints
    if destination > 0:
        receiver = endpoints.get(destination)
        return [receiver] if receiver and receiver is not sender else []
    left_out = {sender.peer, -destination}
    return [endpoint for peer, endpoint in endpoints.items() if peer not in left_out]


_FIRST_BYTES: Final = {kind: FirstByte(FIRST_BYTE | kind) for kind in Kind}
