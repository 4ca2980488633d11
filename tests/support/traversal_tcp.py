"""Pairs of members that want a TCP connection, and whether they get one."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from tests.support.certificate import make_certificate
from tests.support.nat_kinds import Kind
from tests.support.nat_lab import PUBLIC, Internet, Line, Plan
from tests.support.processes import Started
from tests.support.traversal import RELAY, open_rooms, start_relay

_DEADLINE: Final = 90.0  # seconds for all rooms of a cell
_STAGGER: Final = 0.5  # seconds between the runs
_TLS_PORT: Final = 443


@dataclass(frozen=True, slots=True)
class TcpRun:
    """One room of two members."""

    is_direct: bool
    """Both have the connection, and a message came through each way."""
    is_relayed: bool
    """Neither has one."""
    goes_on: bool
    """The pipe over the relay carried a message afterwards, each way."""
    took: float
    """Seconds from the second member's beginning until both were done."""
    remotes: tuple[str | None, str | None]
    """To where host and joiner are connected."""
    errors: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class TcpCase:
    """Two kinds of routers."""

    one: Kind
    other: Kind
    is_direct: bool
    """A connection can be had; else the members stay on the relay."""

    @property
    def name(self) -> str:
        """What tables say."""
        return f"{_NAMES.get(self.one, self.one)} x {_NAMES.get(self.other, self.other)}"

    def run(
        self, runs: int, line: Line | None = None, *, options: Sequence[str] = ()
    ) -> list[TcpRun]:
        """Let them try in so many rooms."""
        plans = (Plan(self.one), Plan(self.other))
        with Internet(*plans, line=line) as lab, TemporaryDirectory() as folder:
            relay, env = self._start_relay(lab, Path(folder))
            common = ("--relay", relay, "--stagger", str(_STAGGER), *options)
            host = _start(lab, 0, env, *common, "--rooms", str(runs))
            joiner = _start(lab, 1, env, *common, "--codes", open_rooms(host))
            ends = [_reports(end, runs) for end in (host, joiner)]
        return [_run(ends[0][number], ends[1][number]) for number in range(runs)]

    def _start_relay(self, lab: Internet, folder: Path) -> tuple[str, dict[str, str]]:
        """Start a relay that both reach; return its address, and how its certificate is known."""
        if Kind.ONLY_443 not in {self.one, self.other}:
            start_relay(lab)
            return RELAY, {}
        cert, key = make_certificate(folder, name="relay", address=PUBLIC[0])
        start_relay(lab, "--tls-cert", str(cert), "--tls-key", str(key), port=_TLS_PORT)
        return f"{PUBLIC[0]}:{_TLS_PORT}", {"SSL_CERT_FILE": str(cert)}


_NAMES: Final = {Kind.FULL_CONE_ONE: "full cone", Kind.SYMMETRIC_RANDOM: "symmetric"}
_FULL: Final = Kind.FULL_CONE_ONE  # the other kind of full cone is one for UDP alone
TCP_CASES: Final = (
    TcpCase(_FULL, _FULL, is_direct=True),
    TcpCase(_FULL, Kind.PORT_RESTRICTED, is_direct=True),
    TcpCase(Kind.PORT_RESTRICTED, Kind.PORT_RESTRICTED, is_direct=True),
    TcpCase(_FULL, Kind.SYMMETRIC_RANDOM, is_direct=True),
    TcpCase(Kind.PORT_RESTRICTED, Kind.SYMMETRIC_RANDOM, is_direct=False),
    TcpCase(Kind.SYMMETRIC_RANDOM, Kind.SYMMETRIC_RANDOM, is_direct=False),
    TcpCase(_FULL, Kind.ONLY_443, is_direct=False),
    TcpCase(Kind.PORT_RESTRICTED, Kind.ONLY_443, is_direct=False),
    TcpCase(Kind.SYMMETRIC_RANDOM, Kind.ONLY_443, is_direct=False),
)


def is_right(case: TcpCase, run: TcpRun) -> bool:
    """Tell whether a run ended as it must."""
    return run.goes_on and (run.is_direct if case.is_direct else run.is_relayed)


def tcp_median(runs: Sequence[TcpRun]) -> float | None:
    """Return the median of the seconds that connections took; None when there are none."""
    times = [run.took for run in runs if run.is_direct]
    return median(times) if times else None


def _start(lab: Internet, home: int, env: dict[str, str], *options: str) -> Started:
    command = [sys.executable, "-m", "tests.netns.puncher", *options]
    return lab.start(lab.homes[home].machine, *command, env=env)


def _reports(end: Started, runs: int) -> dict[int, dict[str, Any]]:
    reports = [json.loads(end.wait_for('"room"', timeout=_DEADLINE)) for _ in range(runs)]
    return {report["room"]: report for report in reports}


def _run(host: dict[str, Any], joiner: dict[str, Any]) -> TcpRun:
    ends = (host, joiner)
    return TcpRun(
        is_direct=all(end["punched"] and end["got"] == "over tcp" for end in ends),
        is_relayed=not any(end["punched"] for end in ends),
        goes_on=all(end["relayed"] == "over the pipe" for end in ends),
        took=max(end["ended"] for end in ends) - joiner["began"],
        remotes=(host.get("remote"), joiner.get("remote")),
        errors=(host.get("error"), joiner.get("error")),
    )
