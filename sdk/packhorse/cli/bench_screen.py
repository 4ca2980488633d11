"""What `packhorse bench` shows on a terminal."""

from rich.table import Table

from packhorse_relay.bench.costs import Cost, Spread, costs_of
from packhorse_relay.bench.measuring import Section


def heading(section: Section) -> str:
    """Return the load in words."""
    runs = len(next(iter(section.results.values())))
    text = f"{section.text}; 100 bytes, loopback, {runs} runs in turns"
    return f"\n{text}; median (least-most)"


def table(section: Section) -> Table:
    """Return the costs of one load, as ratios to the relays that are not ours, or to the first."""
    costs = costs_of(section.results)
    references = [cost.name for cost in costs if not cost.name.startswith("packhorse")]
    references = references or [costs[0].name]
    shown = Table(box=None)
    shown.add_column("relay", overflow="fold")
    shown.add_column("CPU us", justify="right", overflow="fold")
    for name in references:
        shown.add_column(f"x {name}", justify="right", overflow="fold")
    shown.add_column("lost", justify="right")
    for cost in costs:
        shown.add_row(*_row(cost, references))
    return shown


def _row(cost: Cost, references: list[str]) -> list[str]:
    ratios = [_spread(cost.ratios.get(name, Spread(1, 1, 1))) for name in references]
    return [cost.name, _spread(cost.cost), *ratios, f"{cost.lost / cost.expected:.1%}"]


def _spread(spread: Spread) -> str:
    return f"{spread.median:.2f} ({spread.least:.2f}-{spread.most:.2f})"
