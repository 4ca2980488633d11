"""Tests of predicted ports."""

import pytest

from packhorse.core.direct.prediction import predict_ports
from packhorse.wire.address import TransportAddress

FIRST = TransportAddress("203.0.113.9", 40000)


def ports(step: int, *, first: int = 40000) -> list[int]:
    """Return what is predicted after two mappings this far apart."""
    one = FIRST._replace(port=first)
    return [each.port for each in predict_ports(one, one._replace(port=first + step))]


def test_steady_step_goes_on_ahead_and_went_before() -> None:
    assert ports(2) == [*range(40004, 40017, 2), 39998, 39996, 39994]


def test_step_may_go_down() -> None:
    assert ports(-1) == [*range(39998, 39991, -1), 40001, 40002, 40003]


@pytest.mark.parametrize("step", [0, 65, -65, 5000])
def test_no_or_too_large_a_step_is_not_followed(step: int) -> None:
    assert ports(step) == []


@pytest.mark.parametrize(("step", "count"), [(64, 10), (-64, 10)])
def test_largest_step_is_followed(step: int, count: int) -> None:
    assert len(ports(step)) == count


def test_ports_beyond_the_range_are_left_out() -> None:
    assert ports(1, first=65533) == [65535, 65532, 65531, 65530]
    assert ports(-1, first=1026) == [1024, 1027, 1028, 1029]


def test_router_with_several_addresses_is_not_predicted() -> None:
    assert predict_ports(FIRST, TransportAddress("203.0.113.10", 40001)) == []
