"""Tests of counting by source and by the ranges that it is in."""

import pytest

from packhorse_relay.core.source_counts import SourceCounts

V4 = bytes((192, 0, 2, 1))


def v6(network: int, site: int = 1) -> bytes:
    """Return the source of a /64: the last byte of `network` is below the /56."""
    return bytes.fromhex(f"20010db8{site:04x}{network:04x}")


def filled(sources: list[bytes], most: int) -> int:
    """Return how many sources in turn still got something."""
    counts = SourceCounts()
    taken = 0
    for source in sources:
        if counts.may_have_another(source, most):
            counts.add(source)
            taken += 1
    return taken


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([V4] * 9, 2),
        ([v6(1)] * 9, 2),
        ([v6(number) for number in range(100)], 8),
        ([v6(number << 8) for number in range(100)], 32),
    ],
    ids=["IPv4 address", "IPv6 /64", "IPv6 /56", "IPv6 /48"],
)
def test_each_range_has_its_share_and_no_more(sources: list[bytes], expected: int) -> None:
    assert filled(sources, 2) == expected


def test_other_range_is_not_concerned() -> None:
    counts = SourceCounts()
    counts.add(v6(1))

    assert not counts.may_have_another(v6(1), 1)
    assert counts.may_have_another(v6(1, site=2), 1)


def test_what_was_removed_leaves_nothing_behind() -> None:
    counts = SourceCounts()
    for source in (V4, v6(1), v6(2)):
        counts.add(source)
    for source in (V4, v6(1), v6(2)):
        counts.remove(source)

    assert not counts
