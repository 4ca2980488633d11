"""The routers of the laboratory are of the kinds that they are said to be."""

import socket
import time

import pytest

from tests.support.inside import inside, udp_socket
from tests.support.nat_kinds import Kind
from tests.support.nat_lab import PUBLIC, PUBLIC_V6, Home, Internet, Line, Plan
from tests.support.nat_probe import Behavior, Seen, probe
from tests.support.netns import Host

CONE = Behavior(Seen.NOTHING, Seen.NOTHING)
PORT_RESTRICTED = Behavior(Seen.NOTHING, Seen.PORT)
SYMMETRIC = Behavior(Seen.PORT, Seen.PORT)
BLOCKED = Behavior(Seen.BLOCKED, Seen.BLOCKED)
KINDS = {  # without UNGUARDED: there the probe for filtering changes the mapping
    Kind.FULL_CONE: CONE,
    Kind.FULL_CONE_ONE: CONE,
    Kind.HAIRPIN: CONE,
    Kind.ADDRESS_RESTRICTED: Behavior(Seen.NOTHING, Seen.ADDRESS),
    Kind.PORT_RESTRICTED: PORT_RESTRICTED,
    Kind.SYMMETRIC_BY_ADDRESS: Behavior(Seen.ADDRESS, Seen.PORT),
    Kind.SYMMETRIC_IN_ORDER: SYMMETRIC,
    Kind.SYMMETRIC_RANDOM: SYMMETRIC,
    Kind.UDP_BLOCKED: BLOCKED,
    Kind.ONLY_443: BLOCKED,
    Kind.V6_STATEFUL: BLOCKED,
    Kind.V6_OPEN: BLOCKED,
}

pytestmark = pytest.mark.usefixtures("netns")


@pytest.mark.parametrize(("kind", "expected"), KINDS.items())
def test_router_maps_and_filters_as_its_kind_does(kind: Kind, expected: Behavior) -> None:
    with Internet(Plan(kind)) as lab, probe(lab, lab.homes[0].machine) as found:
        assert found.behavior() == expected


@pytest.mark.parametrize(
    ("carrier", "expected"),
    [
        (Kind.PORT_RESTRICTED, PORT_RESTRICTED),
        (Kind.SYMMETRIC_RANDOM, SYMMETRIC),
        (Kind.FULL_CONE, PORT_RESTRICTED),
    ],
)
def test_of_two_routers_in_a_row_the_stricter_one_counts(carrier: Kind, expected: Behavior) -> None:
    plan = Plan(Kind.PORT_RESTRICTED, carrier=carrier)
    with Internet(plan) as lab, probe(lab, lab.homes[0].machine) as found:
        assert found.behavior() == expected
        mapped = found.mapped()
        assert mapped is not None
        assert mapped[0].startswith("203.0.113.")


def test_full_cone_serves_two_hosts() -> None:
    with Internet(Plan(Kind.FULL_CONE, machines=2)) as lab:
        for machine in lab.homes[0].machines:
            with probe(lab, machine) as found:
                assert found.behavior() == CONE


def test_ports_in_order_follow_each_other() -> None:
    with (
        Internet(Plan(Kind.SYMMETRIC_IN_ORDER)) as lab,
        probe(lab, lab.homes[0].machine) as found,
    ):
        ports = [mapped[1] for target in found.public if (mapped := found.mapped(*target))]
    assert ports == [40_000, 40_001, 40_002, 40_003]


@pytest.mark.parametrize(
    ("kind", "is_kept"), [(Kind.PORT_RESTRICTED, True), (Kind.UNGUARDED, False)]
)
def test_router_without_a_guard_gives_away_the_port_that_a_stranger_knocked_at(
    kind: Kind, *, is_kept: bool
) -> None:
    """RFC 5128 section 3.3: what comes in first makes the answer another connection."""
    with Internet(Plan(kind)) as lab, probe(lab, lab.homes[0].machine, 5000) as found:
        outer = (lab.homes[0].router.address, 5000)
        assert not found.is_let_in(PUBLIC[0], 3478, outer)
        mapped = found.mapped()
    assert (mapped == outer) is is_kept


@pytest.mark.parametrize(("carrier", "is_back"), [(Kind.HAIRPIN, True), (Kind.FULL_CONE, False)])
def test_two_subscribers_of_one_carrier_meet_only_over_a_hairpin(
    carrier: Kind, *, is_back: bool
) -> None:
    one = Plan(Kind.FULL_CONE, carrier=carrier)
    other = Plan(Kind.FULL_CONE, carrier=carrier, shares_provider=True)
    with (
        Internet(one, other) as lab,
        probe(lab, lab.homes[0].machine, 5000) as found,
        udp_socket(lab.homes[1].machine.namespace, "", 5001) as sock,
    ):
        mapped = found.mapped()
        assert mapped is not None
        sock.sendto(b"hello", mapped)
        assert _arrives(found.own) is is_back


@pytest.mark.parametrize(("kind", "is_let_in"), [(Kind.V6_STATEFUL, False), (Kind.V6_OPEN, True)])
def test_ipv6_router_lets_in_what_its_kind_does(kind: Kind, *, is_let_in: bool) -> None:
    with (
        Internet(Plan(kind, has_v6=True)) as lab,
        udp_socket(lab.net.namespace, PUBLIC_V6, 3478) as one,
        udp_socket(lab.net.namespace, PUBLIC_V6, 3479) as stranger,
        udp_socket(lab.homes[0].machine.namespace, "::", 5000) as own,
    ):
        own.sendto(b"hello", (PUBLIC_V6, 3478))
        source = one.recvfrom(100)[1]
        assert source[:2] == ("2001:db8:2:1::10", 5000)
        one.sendto(b"answer", source)
        assert _arrives(own)
        stranger.sendto(b"unasked", source)
        assert _arrives(own) is is_let_in


@pytest.mark.parametrize(("port", "is_open"), [(443, True), (6969, False)])
def test_only_tcp_443_goes_out(port: int, *, is_open: bool) -> None:
    with Internet(Plan(Kind.ONLY_443)) as lab, _listener(lab.net, port):
        assert _connects(lab.homes[0].machine, port) is is_open


@pytest.mark.quiet
def test_line_delays_each_way() -> None:
    line = Line(delay=0.04, jitter=0.005)
    with (
        Internet(Plan(Kind.PORT_RESTRICTED), line=line) as lab,
        probe(lab, lab.homes[0].machine) as found,
    ):
        found.mapped()  # neighbours get to know each other
        started = time.monotonic()
        mapped = found.mapped()
        assert mapped is not None
        assert found.is_let_in(PUBLIC[0], 3478, mapped)
        assert 0.07 <= time.monotonic() - started < 0.25


def test_router_loses_the_share_it_is_told_to() -> None:
    with (
        Internet(Plan(Kind.PORT_RESTRICTED), line=Line(loss=0.1)) as lab,
        probe(lab, lab.homes[0].machine) as found,
    ):
        found.public[PUBLIC[0], 3478].settimeout(0.05)
        arrived = 0
        for _ in range(2000):
            found.own.sendto(b"x", (PUBLIC[0], 3478))
            arrived += _arrives(found.public[PUBLIC[0], 3478])
    assert 1720 <= arrived <= 1880  # six standard deviations


def test_rebinding_gives_the_port_or_the_address_that_is_asked_for() -> None:
    with (
        Internet(Plan(Kind.PORT_RESTRICTED)) as lab,
        probe(lab, lab.homes[0].machine, 5000) as found,
    ):
        home = lab.homes[0]
        assert found.mapped() == (home.router.address, 5000)
        home.forget_mappings()
        assert found.mapped() == (home.router.address, 5000)
        home.change_port()
        moved = found.mapped()
        assert moved is not None
        assert moved[0] == home.router.address
        assert moved[1] >= 20_000
        home.change_address()
        assert found.mapped() == (home.other_address, 5000)


def test_mapping_expires_when_nothing_is_sent() -> None:
    with (
        Internet(Plan(Kind.SYMMETRIC_RANDOM)) as lab,
        probe(lab, lab.homes[0].machine) as found,
    ):
        lab.homes[0].forget_soon()
        first = found.mapped()
        time.sleep(1.0)
        assert found.mapped() == first
        time.sleep(3.5)
        assert found.mapped() not in (first, None)


def test_cut_direct_path_leaves_the_relay_reachable() -> None:
    with (
        Internet(Plan(Kind.FULL_CONE), Plan(Kind.FULL_CONE)) as lab,
        probe(lab, lab.homes[0].machine, 5000) as one,
        probe_socket(lab.homes[1]) as other,
    ):
        mapped = one.mapped()
        assert mapped is not None
        other.sendto(b"hello", mapped)
        assert _arrives(one.own)
        lab.homes[1].cut_direct_paths()
        other.sendto(b"hello", mapped)
        assert not _arrives(one.own)
        assert one.mapped() == mapped


def probe_socket(home: Home) -> socket.socket:
    return udp_socket(home.machine.namespace, "", 5001)


def _arrives(sock: socket.socket) -> bool:
    try:
        sock.recv(100)
    except TimeoutError:
        return False
    return True


def _listener(host: Host, port: int) -> socket.socket:
    with inside(host.namespace):
        return socket.create_server((PUBLIC[0], port))


def _connects(host: Host, port: int) -> bool:
    try:
        with (
            inside(host.namespace),
            socket.create_connection((PUBLIC[0], port), timeout=0.5),
        ):
            return True
    except OSError:
        return False
