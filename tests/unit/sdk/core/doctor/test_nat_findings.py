"""Tests of what measurements of a NAT mean."""

import pytest

from packhorse.core.doctor.finding import Result
from packhorse.core.doctor.nat_findings import filtering, gateway, hairpin, ipv6, mapping
from packhorse.core.nat_behaviour import Dependence, NatBehaviour

EASY = (Dependence.ENDPOINT_INDEPENDENT, Dependence.ADDRESS_DEPENDENT)
HARD = (Dependence.ADDRESS_AND_PORT_DEPENDENT,)
SEEN = "203.0.113.9:5000"


def behaviour(kind: tuple[Dependence, ...], *, is_translated: bool = True) -> NatBehaviour:
    """Return a NAT that maps and filters in one way."""
    return NatBehaviour(is_translated=is_translated, mapping=kind, filtering=kind)


@pytest.mark.parametrize(
    ("known", "result", "start"),
    [
        (behaviour(EASY, is_translated=False), Result.PASSED, "none"),
        (behaviour(EASY), Result.PASSED, "endpoint-independent or address-dependent"),
        (behaviour(HARD), Result.WARNING, "address-and-port-dependent"),
        (behaviour(()), Result.SKIPPED, f"seen as {SEEN}"),
    ],
)
def test_mapping_is_named_as_in_rfc_4787(known: NatBehaviour, result: Result, start: str) -> None:
    finding = mapping(known, SEEN)
    assert finding.result is result
    assert finding.words.startswith(start)
    assert SEEN in finding.words
    assert bool(finding.advice) is (result is Result.WARNING)


@pytest.mark.parametrize("kind", [EASY, HARD])
def test_every_filtering_can_be_lived_with(kind: tuple[Dependence, ...]) -> None:
    finding = filtering(behaviour(kind))
    assert finding.result is Result.PASSED
    assert finding.words == " or ".join(kind)


def test_hairpin_is_good_to_know_and_not_needed() -> None:
    assert hairpin(works=True).words == "works"
    assert hairpin(works=False).result is Result.PASSED


@pytest.mark.parametrize(
    ("protocol", "address", "is_hard", "result"),
    [
        ("PCP", SEEN, True, Result.PASSED),
        ("PCP", "", True, Result.WARNING),
        ("PCP", "", False, Result.WARNING),
        ("", "", True, Result.WARNING),
        ("", "", False, Result.SKIPPED),
    ],
)
def test_port_mapping_matters_where_the_nat_is_hard(
    *, protocol: str, address: str, is_hard: bool, result: Result
) -> None:
    finding = gateway(protocol, address, is_hard=is_hard)
    assert finding.result is result
    assert bool(finding.advice) is (is_hard and not address)


@pytest.mark.parametrize(
    ("own", "relay", "answering", "result"),
    [
        ([], ["2001:db8::1"], [], Result.SKIPPED),
        (["2001:db8::2"], [], [], Result.SKIPPED),
        (["2001:db8::2"], ["2001:db8::1"], ["2001:db8::1"], Result.PASSED),
        (["2001:db8::2"], ["2001:db8::1"], [], Result.WARNING),
    ],
)
def test_ipv6_is_a_problem_only_where_both_have_it_and_it_fails(
    own: list[str], relay: list[str], answering: list[str], result: Result
) -> None:
    assert ipv6(own, relay, answering).result is result
