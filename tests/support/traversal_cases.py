"""Pairs of members with what lies between them, and whether they reach each other directly."""

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Final

from tests.support.nat_kinds import Kind
from tests.support.nat_lab import PUBLIC_V6, Internet, Line, Plan
from tests.support.traversal import PORT, RELAY, Run, run_pair, start_relay

KINDS: Final = (
    Kind.FULL_CONE,
    Kind.ADDRESS_RESTRICTED,
    Kind.PORT_RESTRICTED,
    Kind.SYMMETRIC_BY_ADDRESS,
    Kind.SYMMETRIC_IN_ORDER,
    Kind.SYMMETRIC_RANDOM,
    Kind.UDP_BLOCKED,
)
_SYMMETRIC: Final = frozenset(
    {Kind.SYMMETRIC_BY_ADDRESS, Kind.SYMMETRIC_IN_ORDER, Kind.SYMMETRIC_RANDOM}
)
_PREDICTED: Final = {
    frozenset({Kind.PORT_RESTRICTED, Kind.SYMMETRIC_IN_ORDER}): 3.0,
    frozenset({Kind.SYMMETRIC_IN_ORDER}): 3.0,
}
"""Pairs that need prediction: seconds until it has mostly succeeded."""
_RARELY: Final = ("--rate", "5")  # messages a second where nothing but the path is looked at
RELAY_V6: Final = f"[{PUBLIC_V6}]:{PORT}"


@dataclass(frozen=True, slots=True)
class Case:
    """Two members."""

    name: str
    plans: tuple[Plan, ...]
    """Of the homes of both; of one when both are in it."""
    is_direct: bool
    """They reach each other directly; else over the relay."""
    relays: tuple[str, str] = (RELAY, RELAY)
    stagger: float = 0.25
    """Seconds between the runs."""
    patience: float = 6.0
    """Seconds until a pair counts as one without direct path."""
    options: tuple[str, ...] = ()
    """Further ones of both members."""

    def run(self, runs: int, line: Line | None = None) -> list[Run]:
        """Let them meet in so many rooms."""
        with Internet(*self.plans, line=line) as lab:
            start_relay(lab)
            machines = [machine for home in lab.homes for machine in home.machines]
            return run_pair(
                lab,
                runs,
                machines=(machines[0], machines[1]),
                relays=self.relays,
                options=(
                    *("--stagger", str(self.stagger), "--patience", str(self.patience)),
                    *(() if self.is_direct else _RARELY),
                    *self.options,
                ),
            )


def expects_direct(one: Kind, other: Kind) -> bool:
    """Tell whether punching with prediction can work (RFC 5128)."""
    pair = frozenset({one, other})
    if pair in _PREDICTED:
        return True
    if Kind.UDP_BLOCKED in pair or pair <= _SYMMETRIC:
        return False
    return not (Kind.PORT_RESTRICTED in pair and pair & _SYMMETRIC)


def _pair(one: Kind, other: Kind) -> Case:
    """Return the case of two kinds.

    While ports are predicted no other pair may open any, so that they come one after the other.
    """
    stagger = _PREDICTED.get(frozenset({one, other}))
    return Case(
        f"{one} x {other}",
        (Plan(one), Plan(other)),
        expects_direct(one, other),
        stagger=stagger or 0.25,
        patience=18.0 if stagger else 6.0,
    )


def _carried(kind: Kind, *, shares: bool = False) -> Plan:
    return Plan(Kind.PORT_RESTRICTED, carrier=kind, shares_provider=shares)


_HOME: Final = Plan(Kind.PORT_RESTRICTED)
_STATEFUL: Final = Plan(Kind.V6_STATEFUL, has_v6=True)
_OPEN: Final = Plan(Kind.V6_OPEN, has_v6=True)
_BY_V6: Final = (RELAY_V6, RELAY_V6)

PAIRS: Final = {
    (one, other): _pair(one, other) for one, other in combinations_with_replacement(KINDS, 2)
}
SPECIAL: Final = (
    Case(
        "port-restricted x symmetric random, with birthday probing",
        (_HOME, Plan(Kind.SYMMETRIC_RANDOM)),
        is_direct=True,
        stagger=3.0,
        patience=12.0,
        options=("--birthday",),
    ),
    Case("the same LAN", (Plan(Kind.PORT_RESTRICTED, machines=2),), is_direct=True),
    Case(
        "full cone for one host x port-restricted",
        (Plan(Kind.FULL_CONE_ONE), _HOME),
        is_direct=True,
    ),
    Case(
        "port-restricted without guard, both sides",
        (Plan(Kind.UNGUARDED), Plan(Kind.UNGUARDED)),
        is_direct=True,
    ),
    Case(
        "behind port-restricted carrier x port-restricted",
        (_carried(Kind.PORT_RESTRICTED), _HOME),
        is_direct=True,
    ),
    Case(
        "behind full cone carrier x port-restricted",
        (_carried(Kind.FULL_CONE), _HOME),
        is_direct=True,
    ),
    Case(
        "behind symmetric carrier x port-restricted",
        (_carried(Kind.SYMMETRIC_RANDOM), _HOME),
        is_direct=False,
    ),
    Case(
        "the same carrier, with hairpin",
        (_carried(Kind.HAIRPIN), _carried(Kind.HAIRPIN, shares=True)),
        is_direct=True,
    ),
    Case(
        "the same carrier, without hairpin",
        (_carried(Kind.PORT_RESTRICTED), _carried(Kind.PORT_RESTRICTED, shares=True)),
        is_direct=False,
    ),
    Case("IPv6 stateful x IPv6 stateful", (_STATEFUL, _STATEFUL), is_direct=True, relays=_BY_V6),
    Case("IPv6 stateful x IPv6 open", (_STATEFUL, _OPEN), is_direct=True, relays=_BY_V6),
    Case(
        "IPv6 only x IPv4 only",
        (_STATEFUL, _HOME),
        is_direct=False,
        relays=(RELAY_V6, RELAY),
    ),
)
