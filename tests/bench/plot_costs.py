"""Draw what relays cost against rate and against members, as SVG.

Run: packhorse bench relay --against coturn,c --load rates,members --json > costs.json
     python -m tests.bench.plot_costs costs.json docs/images/relay-costs.svg
"""

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import escape

_WIDTH: Final = 420  # of one panel, pixels
_HEIGHT: Final = 300
_LEFT: Final = 50
_TOP: Final = 40
_BOTTOM: Final = 50
_RIGHT: Final = 20
_STEPS: Final = 5  # of the vertical axis
_KEY: Final = 30  # height of the names of the lines
_COLORS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9")  # told apart by all eyes
_PANELS: Final = (("rates", "datagrams a second, one at a time"), ("members", "members, in bursts"))


class Line(NamedTuple):
    """Cost of one relay."""

    name: str
    points: list[tuple[float, tuple[float, float, float]]]
    """X, and median, least and most in microseconds."""


class Panel:
    """One diagram: logarithmic to the right, linear upwards from 0."""

    def __init__(self, lines: Sequence[Line], left: int) -> None:
        self._lines = lines
        self._left = left + _LEFT
        self._places = sorted({x for line in lines for x, _ in line.points})
        most = max(cost[2] for line in lines for _, cost in line.points)
        self._top = math.ceil(most / _STEPS) * _STEPS

    def draw(self, title: str, colors: dict[str, str]) -> list[str]:
        """Return the elements."""
        elements = [self._text(self._left, _TOP - 15, f"CPU us a datagram, by {title}", "start")]
        for step in range(_STEPS + 1):
            value = self._top * step / _STEPS
            y = self._y(value)
            right = self._left + _WIDTH - _LEFT - _RIGHT
            elements.append(f'<path d="M{self._left} {y:.1f}H{right}" stroke="#ccc"/>')
            elements.append(self._text(self._left - 6, y + 4, f"{value:g}", "end"))
        below = _HEIGHT - _BOTTOM + 18
        elements += [self._text(self._x(x), below, f"{x:g}", "middle") for x in self._places]
        for line in self._lines:
            elements += self._line(line, colors[line.name])
        return elements

    def _line(self, line: Line, color: str) -> list[str]:
        whole = [
            f'<path d="M{self._x(x):.1f} {self._y(least):.1f}V{self._y(most):.1f}" '
            f'stroke="{color}" opacity="0.5"/>'
            for x, (_, least, most) in line.points
        ]
        path = "L".join(f"{self._x(x):.1f} {self._y(cost[0]):.1f}" for x, cost in line.points)
        return [*whole, f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="2"/>']

    def _x(self, value: float) -> float:
        first, last = math.log(self._places[0]), math.log(self._places[-1])
        share = (math.log(value) - first) / (last - first)
        return self._left + 15 + share * (_WIDTH - _LEFT - _RIGHT - 30)

    def _y(self, value: float) -> float:
        return _TOP + (1 - value / self._top) * (_HEIGHT - _TOP - _BOTTOM)

    @staticmethod
    def _text(x: float, y: float, text: str, anchor: str) -> str:
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def lines_of(sections: Sequence[Any], load: str) -> list[Line]:
    """Return what each relay cost under one load, by the order of its first appearance."""
    lines: dict[str, Line] = {}
    for section in sections:
        if section["load"] == load:
            for relay in section["relays"]:
                line = lines.setdefault(relay["name"], Line(relay["name"], []))
                line.points.append((section["x"], tuple(relay["us"])))
    return list(lines.values())


def draw(sections: Sequence[Any]) -> str:
    """Return the whole picture."""
    panels = [(lines_of(sections, load), title) for load, title in _PANELS]
    names = list(dict.fromkeys(line.name for lines, _ in panels for line in lines))
    colors = dict(zip(names, _COLORS, strict=False))
    elements: list[str] = []
    for number, (lines, title) in enumerate(panels):
        elements += Panel(lines, number * _WIDTH).draw(title, colors)
    for number, name in enumerate(names):
        x = _LEFT + number * 180
        elements.append(f'<path d="M{x} {_HEIGHT}h20" stroke="{colors[name]}" stroke-width="2"/>')
        elements.append(f'<text x="{x + 26}" y="{_HEIGHT + 4}">{escape(name)}</text>')
    width, height = len(panels) * _WIDTH, _HEIGHT + _KEY
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
    head += 'font-family="sans-serif" font-size="11">'
    ground = '<rect width="100%" height="100%" fill="white"/>'
    return "\n".join([head, ground, *elements, "</svg>", ""])


def table(sections: Sequence[Any]) -> list[str]:
    """Return what the picture shows in lines of text."""
    rows = []
    for section in sections:
        for relay in section["relays"]:
            middle, least, most = relay["us"]
            lost = relay["lost"] / max(1, relay["expected"])
            figures = f"{middle:.2f} ({least:.2f}-{most:.2f}) us, lost {lost:.1%}"
            rows.append(f"{section['load']:8} {section['x']:6,} {relay['name']:20} {figures}")
    return rows


def main() -> None:
    """Read the figures, write the picture, print the figures."""
    source, target = map(Path, sys.argv[1:])
    told = [json.loads(line) for line in source.read_text().splitlines()]
    sections = [each for each in told if each["event"] == "load"]
    target.write_text(draw(sections))
    print(*table(sections), sep="\n")


if __name__ == "__main__":
    main()
