"""Whether members behind two routers reach each other directly, how fast, and at what price."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any, Final

from tests.support.nat_lab import PUBLIC, PUBLIC_V6, Internet
from tests.support.netns import Host
from tests.support.processes import Started

PORT: Final = 6969
RELAY: Final = f"{PUBLIC[0]}:{PORT}"
_LIMITS: Final = (
    "max_rooms=1000",
    "create_rate=6000",
    "join_rate=6000",
    "hello_rate=1000",
    "reply_rate=1000",
    "rooms_per_source=1000",
    "sessions_per_source=1000",
    "websocket_connections_per_source=100",
)
_DEADLINE: Final = 90.0  # seconds for all rooms of a cell


@dataclass(frozen=True, slots=True)
class Run:
    """One room of two members."""

    is_direct: bool
    """Both sides send directly at the end."""
    direct_after: float | None
    """Seconds from the second member's joining until both do."""
    direct_after_offers: float | None
    """The same from when both had addresses of each other."""
    first_byte: float
    """Seconds from its joining until its first message has arrived."""
    lost: int
    """Reliable messages that have not arrived."""
    doubled: int
    """Messages of both modes that arrived twice."""
    disordered: int
    """Reliable messages that came out of order."""
    overtaken: int
    """Unreliable messages that another overtook."""
    plain_lost: int
    gap: float
    """Longest time without an unreliable message, seconds."""
    paths: tuple[str | None, str | None]
    """Addresses that host and joiner send to in the end; None: to the relay."""
    relay: str
    """What carries the joiner's datagrams to the relay."""


def start_relay(lab: Internet, *options: str, on: Host | None = None, port: int = PORT) -> Started:
    """Start a relay at the public addresses, else on a machine; there is room for many members."""
    command = [sys.executable, "-m", "packhorse", "relay", "--json", "--drain-time", "0"]
    limits = [f"--set={limit}" for limit in _LIMITS]
    addresses = () if on else ("--bind", PUBLIC[0], "--bind", PUBLIC_V6)
    place = (*addresses, "--port", str(port))
    relay = lab.start(on or lab.net, *command, *limits, *place, *options)
    relay.wait_for("listening", timeout=20)
    return relay


def start_member(
    lab: Internet,
    machine: Host,
    *options: str,
    relay: str = RELAY,
    env: dict[str, str] | None = None,
) -> Started:
    """Start `tests.netns.traversal_member` on a machine."""
    command = [sys.executable, "-m", "tests.netns.traversal_member", "--relay", relay]
    return lab.start(machine, *command, *options, env=env)


def open_rooms(host: Started) -> str:
    """Return the codes of the rooms that a host has opened, as the option of who joins."""
    codes: list[str] = json.loads(host.wait_for("codes", timeout=20))["codes"]
    return ",".join(codes)


def run_pair(
    lab: Internet,
    runs: int,
    *,
    machines: tuple[Host, Host] | None = None,
    relays: tuple[str, str] = (RELAY, RELAY),
    options: Sequence[str] = (),
) -> list[Run]:
    """Let members on two machines, else of the first two homes, meet in so many rooms."""
    hosting, joining = machines or (lab.homes[0].machine, lab.homes[1].machine)
    host = start_member(lab, hosting, "--rooms", str(runs), *options, relay=relays[0])
    codes = open_rooms(host)
    joiner = start_member(lab, joining, "--codes", codes, *options, relay=relays[1])
    return results(host, joiner, runs)


def results(host: Started, joiner: Started, runs: int) -> list[Run]:
    """Return what both have seen, by room."""
    try:
        hosts, joiners = (_reports(member, runs) for member in (host, joiner))
    except AssertionError as error:
        raise AssertionError(f"{error}\n--- who joined:\n{joiner.output}") from None
    return [_run(hosts[number], joiners[number]) for number in range(runs)]


def median_time(runs: Sequence[Run]) -> float | None:
    """Return the median of the seconds that direct paths took; None when there are none."""
    return _median(run.direct_after for run in runs)


def median_after_offers(runs: Sequence[Run]) -> float | None:
    """Return the same from when both had addresses of each other."""
    return _median(run.direct_after_offers for run in runs)


def _median(times: Iterable[float | None]) -> float | None:
    known = [time for time in times if time is not None]
    return median(known) if known else None


def _reports(member: Started, runs: int) -> dict[int, dict[str, Any]]:
    reports = [json.loads(member.wait_for('"room"', timeout=_DEADLINE)) for _ in range(runs)]
    return {report["room"]: report for report in reports}


def _run(host: dict[str, Any], joiner: dict[str, Any]) -> Run:
    times = (host["direct"], joiner["direct"])
    offers = (host["offered"], joiner["offered"])
    paths = (host["path"], joiner["path"])
    directions = ((host, joiner["sent"]), (joiner, host["sent"]))
    reliable = [(report["reliable"], sent) for report, sent in directions]
    plain = [(report["plain"], sent) for report, sent in directions]
    return Run(
        is_direct=None not in paths,
        direct_after=None if None in times else max(times) - joiner["began"],
        direct_after_offers=None if None in times + offers else max(times) - max(offers),
        first_byte=host["first_heard"] - joiner["began"],
        lost=sum(sent - len(set(heard)) for heard, sent in reliable),
        doubled=sum(len(heard) - len(set(heard)) for heard, _ in reliable + plain),
        disordered=sum(_overtaken(heard) for heard, _ in reliable),
        overtaken=sum(_overtaken(heard) for heard, _ in plain),
        plain_lost=sum(sent - len(set(heard)) for heard, sent in plain),
        gap=max(host["gap"], joiner["gap"]),
        paths=paths,
        relay=joiner["relay"],
    )


def _overtaken(heard: list[int]) -> int:
    return sum(later < earlier for earlier, later in pairwise(heard))
