"""Tests of what is concluded about a NAT."""

import pytest

from packhorse.core.nat_behaviour import Dependence, NatBehaviour, nat_behaviour
from packhorse.wire.address import TransportAddress

OWN = TransportAddress("192.168.1.10", 5000)
DATA = TransportAddress("198.51.100.1", 6969)
SECOND = TransportAddress("198.51.100.1", 6970)
SEEN = TransportAddress("203.0.113.9", 5000)
OTHERWISE = TransportAddress("203.0.113.9", 5001)
ELSEWHERE = TransportAddress("203.0.113.10", 5000)

ONE = (Dependence.ENDPOINT_INDEPENDENT,)
FIRST_TWO = (Dependence.ENDPOINT_INDEPENDENT, Dependence.ADDRESS_DEPENDENT)
WORST = (Dependence.ADDRESS_AND_PORT_DEPENDENT,)


def test_without_an_answer_nothing_is_known() -> None:
    known = nat_behaviour(OWN, {}, is_answered_from_elsewhere=False)
    assert known == NatBehaviour(None, (), ())
    assert not known.is_hard


def test_own_address_seen_by_the_server_is_no_nat() -> None:
    known = nat_behaviour(OWN, {DATA: OWN}, is_answered_from_elsewhere=False)
    assert known == NatBehaviour(is_translated=False, mapping=ONE, filtering=WORST)
    assert not known.is_hard


def test_same_address_on_both_ports_leaves_two_kinds_of_mapping() -> None:
    known = nat_behaviour(OWN, {DATA: SEEN, SECOND: SEEN}, is_answered_from_elsewhere=True)
    assert known == NatBehaviour(is_translated=True, mapping=FIRST_TWO, filtering=FIRST_TWO)
    assert not known.is_hard


@pytest.mark.parametrize("second", [OTHERWISE, ELSEWHERE])
def test_another_address_on_the_second_port_depends_on_the_port(second: TransportAddress) -> None:
    known = nat_behaviour(OWN, {DATA: SEEN, SECOND: second}, is_answered_from_elsewhere=False)
    assert known == NatBehaviour(is_translated=True, mapping=WORST, filtering=WORST)
    assert known.is_hard


def test_one_port_alone_does_not_tell_the_mapping() -> None:
    known = nat_behaviour(OWN, {DATA: SEEN}, is_answered_from_elsewhere=None)
    assert known == NatBehaviour(is_translated=True, mapping=(), filtering=())


def test_kinds_are_named_as_in_rfc_4787() -> None:
    assert [str(kind) for kind in Dependence] == [
        "endpoint-independent",
        "address-dependent",
        "address-and-port-dependent",
    ]
