"""Which routes the kernel has, and when they go."""

from collections.abc import Iterable
from typing import cast

import pytest

from packhorse.aio.udp import SocketAddress
from packhorse_relay.core.data_budget import DataBudget, DataRate
from packhorse_relay.core.forwarding import Receiver, Route
from packhorse_relay.dataplane.kernel import mirror as mirror_module
from packhorse_relay.dataplane.kernel.mirror import Mirror
from packhorse_relay.dataplane.kernel.tables import Spent, Tables

ONE, OTHER = ("198.18.0.1", 40001), ("198.18.0.2", 40002)
V6 = ("2001:db8::1", 40003)
HEADER = bytes.fromhex("a45c00000007")
PREFIX = bytes.fromhex("a49e00000003")
WEBSOCKET = 2  # the listener behind the two UDP listeners


class FakeTables:
    """Tables that remember."""

    def __init__(self) -> None:
        self.routes: dict[tuple[SocketAddress, bytes], tuple[int, int, bytes]] = {}
        self.members: dict[int, tuple[SocketAddress, int, int]] = {}
        self.known: set[int] = set()
        self.may: dict[int, tuple[int, int]] = {}
        self.is_full = False

    def add_member(self, index: int, address: SocketAddress, tag: int, listener: int) -> None:
        self.members[index] = (address, tag, listener)

    def remove_member(self, index: int, address: SocketAddress, tag: int) -> None:
        assert self.members.pop(index)[:2] == (address, tag)
        self.known.discard(index)

    def add_route(
        self, source: SocketAddress, header: bytes, sender: int, receiver: int, prefix: bytes
    ) -> None:
        if self.is_full:
            raise OSError
        self.routes[source, header] = (sender, receiver, prefix)

    def remove_routes(self, source: SocketAddress, headers: Iterable[bytes]) -> None:
        for header in headers:
            del self.routes[source, header]

    def is_way_known(self, index: int) -> bool:
        return index in self.known

    def allow(self, index: int, octets: int, datagrams: int) -> None:
        self.may[index] = (octets, datagrams)

    def spent(self, _index: int) -> Spent:
        return Spent(0, 0)


@pytest.fixture
def tables() -> FakeTables:
    return FakeTables()


@pytest.fixture
def mirror(tables: FakeTables) -> Mirror:
    return Mirror(cast("Tables", tables), WEBSOCKET)


def route_to(*addresses: SocketAddress, listener: int = 0) -> Route:
    budget = DataBudget(DataRate(1000, 20))
    return Route(tuple(Receiver(PREFIX, listener, address) for address in addresses), budget, ONE)


def test_route_between_udp_members_is_installed(mirror: Mirror, tables: FakeTables) -> None:
    mirror.offer(0, ONE, HEADER, route_to(OTHER))

    assert tables.routes == {(ONE, HEADER): (0, 1, PREFIX)}
    assert tables.members == {0: (ONE, 0x5C, 0), 1: (OTHER, 0x9E, 0)}


@pytest.mark.parametrize(
    ("listener", "source", "route"),
    [
        (0, ONE, route_to(OTHER, ("198.18.0.3", 1))),
        (0, ONE, route_to(OTHER, listener=WEBSOCKET)),
        (WEBSOCKET, ONE, route_to(OTHER)),
        (0, ONE, route_to(V6, listener=1)),
        (1, V6, route_to(OTHER)),
        (1, ("fe80::1%2", 40000), route_to(V6, listener=1)),
        (1, V6, route_to(("fe80::1%2", 40000), listener=1)),
    ],
    ids=["fan-out", "to WebSocket", "from WebSocket", "4 to 6", "6 to 4", "by zone", "to zone"],
)
def test_all_other_routes_stay_in_user_space(
    mirror: Mirror, tables: FakeTables, listener: int, source: SocketAddress, route: Route
) -> None:
    mirror.offer(listener, source, HEADER, route)

    assert tables.routes == {}
    assert tables.members == {}
    assert not mirror.has_waiting


def test_budget_is_lent_once_both_ways_are_known(mirror: Mirror, tables: FakeTables) -> None:
    route = route_to(OTHER)
    mirror.offer(0, ONE, HEADER, route)
    for known, octets in [(set[int](), 500), ({0}, 500), ({1}, 500), ({0, 1}, 0)]:
        tables.known = known
        mirror.lend()

        assert route.budget.octets == octets
    assert tables.may[0] == (500, 10)
    assert not mirror.has_waiting


def test_budget_is_whole_again_for_what_comes_up(mirror: Mirror, tables: FakeTables) -> None:
    route = route_to(OTHER)
    mirror.offer(0, ONE, HEADER, route)
    tables.known = {0, 1}
    mirror.lend()

    mirror.call_in(ONE, HEADER)

    assert route.budget.octets == 500
    mirror.call_in(OTHER, HEADER)  # nobody that it knows


def test_attack_20_forgotten_sender_leaves_nothing(mirror: Mirror, tables: FakeTables) -> None:
    route = route_to(OTHER)
    mirror.offer(0, ONE, HEADER, route)
    tables.known = {0, 1}
    mirror.lend()

    mirror.forget(0, ONE)
    mirror.forget(0, ONE)

    assert (tables.routes, tables.members, route.budget.octets) == ({}, {}, 500)
    assert tables.may[0] == (0, 0)


def test_sender_that_is_also_a_receiver_stays_until_both_routes_are_gone(
    mirror: Mirror, tables: FakeTables
) -> None:
    back = bytes.fromhex("a49e00000003")
    mirror.offer(0, ONE, HEADER, route_to(OTHER))
    returned = Route((Receiver(HEADER, 0, ONE),), DataBudget(DataRate(1000, 20)), OTHER)
    mirror.offer(0, OTHER, back, returned)

    mirror.forget(0, ONE)

    assert tables.members == {0: (ONE, 0x5C, 0), 1: (OTHER, 0x9E, 0)}
    mirror.forget(0, OTHER)
    assert tables.members == {}


def test_forgotten_sender_waits_no_more(mirror: Mirror, tables: FakeTables) -> None:
    mirror.offer(0, ONE, HEADER, route_to(OTHER))

    mirror.forget(0, ONE)
    mirror.lend()

    assert not mirror.has_waiting
    assert tables.may.get(0, (0, 0)) == (0, 0)


def test_same_address_and_tag_behind_another_listener_stays_in_user_space(
    mirror: Mirror, tables: FakeTables
) -> None:
    mirror.offer(0, ONE, HEADER, route_to(OTHER))

    mirror.offer(1, ONE, HEADER, route_to(OTHER, listener=1))

    assert len(tables.routes) == 1
    mirror.forget(1, ONE)
    assert len(tables.routes) == 1


def test_kernel_without_memory_leaves_routes_to_user_space(
    mirror: Mirror, tables: FakeTables
) -> None:
    tables.is_full = True

    mirror.offer(0, ONE, HEADER, route_to(OTHER))

    assert tables.members == {}
    assert not mirror.has_waiting


def test_attack_13_no_more_members_than_there_is_room_for(
    tables: FakeTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror_module, "MAX_MEMBERS", 4)
    mirror = Mirror(cast("Tables", tables), WEBSOCKET)

    for number in range(6):
        mirror.offer(0, (f"198.18.1.{number}", 1), HEADER, route_to((f"198.18.2.{number}", 1)))

    assert len(tables.routes) == 2
    mirror.forget(0, ("198.18.1.0", 1))
    mirror.offer(0, ("198.18.1.5", 1), HEADER, route_to(("198.18.2.5", 1)))
    assert len(tables.routes) == 2


def test_attack_13_no_more_routes_than_there_is_room_for(
    tables: FakeTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror_module, "MAX_ROUTES", 2)
    mirror = Mirror(cast("Tables", tables), WEBSOCKET)

    for number in range(6):
        mirror.offer(0, ONE, HEADER[:5] + bytes([number]), route_to(OTHER))

    assert len(tables.routes) == 2
