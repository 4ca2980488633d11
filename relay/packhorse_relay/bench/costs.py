"""What measured runs say: medians, spreads and ratios."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from packhorse_relay.bench.load import Result


class Spread(NamedTuple):
    """A median between the least and the most."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of some values, at least one."""
        return cls(median(values), min(values), max(values))


class Cost(NamedTuple):
    """Of one relay under one load."""

    name: str
    cost: Spread
    """Microseconds of processor time for a copy that arrived."""
    ratios: Mapping[str, Spread]
    """To each other relay: of medians, and the least and the most of runs side by side."""
    expected: int
    lost: int


def costs_of(results: Mapping[str, Sequence[Result]]) -> list[Cost]:
    """Return what each relay cost, in the order in which they were measured."""
    return [_cost(name, results) for name in results]


def _cost(name: str, results: Mapping[str, Sequence[Result]]) -> Cost:
    runs = results[name]
    ratios = {other: _ratio(runs, others) for other, others in results.items() if other != name}
    expected = sum(run.expected for run in runs)
    received = sum(run.received for run in runs)
    spread = Spread.of([run.microseconds for run in runs])
    return Cost(name, spread, ratios, expected, expected - received)


def _ratio(runs: Sequence[Result], others: Sequence[Result]) -> Spread:
    pairs = [run.microseconds / other.microseconds for run, other in zip(runs, others, strict=True)]
    whole = median(run.microseconds for run in runs) / median(
        other.microseconds for other in others
    )
    return Spread(whole, min(pairs), max(pairs))
