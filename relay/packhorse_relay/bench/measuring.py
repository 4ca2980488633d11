"""Which relays meet which loads, run by run in turns."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from packhorse_relay.bench.load import BURST, GROUP, Generator, Result
from packhorse_relay.bench.loaded import LoadedRelay, packhorse_relay
from packhorse_relay.bench.peers import PEERS

SHAPES: Final = ("burst", "single", "fan-out", "rates", "members")

_ROOM: Final = 32  # members that a fan-out reaches, sender included
_DATAGRAMS: Final = 20_000  # of a run, about
_RATE: Final = 5000  # datagrams a second
_RATES: Final = (1000, 5000, 20_000, 40_000)
_COUNTS: Final = (8, 64)  # members, in rooms of 8
_C_MOST: Final = 64  # members that the loop in C takes
_SECONDS: Final = 1.0  # of an even run

Start = Callable[[], AbstractContextManager[LoadedRelay]]
Load = Callable[[Generator, LoadedRelay], Result]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be measured."""

    planes: Sequence[str]
    against: Sequence[str]
    shapes: Sequence[str]
    runs: int


@dataclass(slots=True)
class Section:
    """One load, and what it cost each relay."""

    shape: str
    x: int
    """Datagrams a second, or members; 0 where nothing varies."""
    text: str
    """The load in words."""
    results: dict[str, list[Result]] = field(default_factory=dict)
    """By relay; as many as there were runs."""


def measure(wish: Wish) -> Iterator[Section]:
    """Measure what is wished for, one section after the other.

    Raises:
        ConfigurationError: A program is missing or does not start.
    """
    generator = Generator()
    for shape in wish.shapes:
        for section, starts, loads in _plans(shape, wish):
            _run(generator, section, starts, loads, wish.runs)
            yield section


Plan = tuple[Section, list[Start], dict[str, Load]]


def _plans(shape: str, wish: Wish) -> Iterator[Plan]:
    if shape == "burst":
        yield _bursts(wish, GROUP, shape)
    elif shape == "single":
        yield _even(wish, _RATE, shape)
    elif shape == "fan-out":
        yield _fan_out(wish)
    elif shape == "rates":
        yield from (_even(wish, rate, shape) for rate in _RATES)
    else:
        yield from (_bursts(wish, count, shape) for count in _COUNTS)


def _bursts(wish: Wish, members: int, shape: str) -> Plan:
    text = f"{members} members in rooms of {GROUP}; {GROUP} at a time send {BURST} datagrams each"
    load = partial(_burst_load, rounds=max(1, _DATAGRAMS // (BURST * members)))
    section = Section(shape, members, f"{text} to the next, all are awaited")
    return section, _starts(wish, members), {"": load}


def _even(wish: Wish, rate: int, shape: str) -> Plan:
    section = Section(shape, rate, f"{GROUP} members, {rate} datagrams a second, one at a time")
    return section, _starts(wish, GROUP), {"": partial(_even_load, rate=rate)}


def _fan_out(wish: Wish) -> Plan:
    text = f"{_ROOM} members; {BURST} to all of one, or the same copies as unicasts, a copy"
    starts: list[Start] = [
        partial(packhorse_relay, plane, rooms=1, members=_ROOM) for plane in wish.planes
    ]
    rounds = _DATAGRAMS // (BURST * (_ROOM - 1))
    loads: dict[str, Load] = {
        ", unicasts to all": lambda generator, relay: generator.unicasts_to_all(relay, rounds),
        ", unicasts in runs": partial(_burst_load, rounds=_DATAGRAMS // (BURST * _ROOM)),
        ", fan-out": lambda generator, relay: generator.fan_outs(relay, rounds),
    }
    return Section("fan-out", 0, text), starts, loads


def _starts(wish: Wish, members: int) -> list[Start]:
    ours = [
        partial(packhorse_relay, plane, rooms=members // GROUP, members=GROUP)
        for plane in wish.planes
    ]
    others = [
        partial(PEERS[name], members) for name in wish.against if name != "c" or members <= _C_MOST
    ]
    return [*ours, *others]


def _burst_load(generator: Generator, relay: LoadedRelay, *, rounds: int) -> Result:
    return generator.bursts(relay, rounds)


def _even_load(generator: Generator, relay: LoadedRelay, *, rate: int) -> Result:
    return generator.evenly(relay, rate, _SECONDS)


def _run(
    generator: Generator, section: Section, starts: list[Start], loads: dict[str, Load], runs: int
) -> None:
    with ExitStack() as stack:
        relays = [stack.enter_context(start()) for start in starts]
        for _ in range(runs):
            for relay in relays:
                for suffix, load in loads.items():
                    result = load(generator, relay)
                    section.results.setdefault(relay.name + suffix, []).append(result)
