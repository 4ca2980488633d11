"""A bulk transfer in a room, next to the kernel's CUBIC TCP on the same emulated link.

A subset: pytest -m bench -s tests/bench/test_bulk_against_tcp.py -k "10Mbit-50ms".
"""

import json
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import pytest

from tests.bench.emulated_link import EmulatedLink, LinkKind, cpu_times, prefer, why_no_link
from tests.support.processes import Started

_SECONDS: Final = 10.0  # of each transfer, from the first byte received
_RUNS: Final = 3  # of each, interleaved
_TOGETHER: Final = 40.0  # seconds that both share the link
_KINDS: Final = [
    LinkKind(mbit, rtt, loss)
    for mbit in (10, 100)
    for rtt in (0.010, 0.050, 0.150)
    for loss in (0, 0.001, 0.01, 0.02)
]
_CONTROLS: Final = Path("/proc/sys/net/ipv4/tcp_available_congestion_control")
_PROGRAM: Final = [sys.executable, "-m", "tests.bench.bulk_traffic"]


@dataclass(frozen=True, slots=True)
class Result:
    """What one transfer came to."""

    mbit: float
    """Application data, Mbit/s."""
    wait: float
    """Mean time a packet waited in the queue of the link, seconds."""
    dropped: int
    """Packets dropped by the full queue."""
    cpu: list[tuple[float, float]]
    """Shares of the time that sender, receiver and, if any, relay ran and waited to run."""


class Transfer:
    """A sender and a receiver that run at the two ends of a link; a context manager."""

    def __init__(self, link: EmulatedLink, seconds: float) -> None:
        self._link = link
        self._seconds = seconds
        self._stack = ExitStack()
        self._programs: list[Started] = []

    def __enter__(self) -> "Transfer":
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    def start_tcp(self, control: str = "cubic", port: int = 7001) -> None:
        """Start a transfer over TCP with this congestion control."""
        address = f"{self._link.receiver.address}:{port}"
        receiver = self._receive("tcp-receive", address)
        receiver.wait_for("listening")
        self._programs = [self._send("tcp-send", address, control), receiver]

    def start_room(self) -> None:
        """Start a transfer in a room, whose relay is beside the receiver."""
        address = f"{self._link.receiver.address}:6969"
        relay_command = [
            sys.executable,
            "-m",
            "packhorse",
            "relay",
            "--json",
            "--profile",
            "unlimited",
        ]
        relay = self._start(self._link.receiver.command(relay_command))
        relay.wait_for("listening")
        receiver = self._receive("room-receive", address)
        code = json.loads(receiver.wait_for('"code"'))["code"]
        self._programs = [self._send("room-send", address, code), receiver, relay]

    def result(self) -> tuple[float, list[tuple[float, float]]]:
        """Wait for the end; return the Mbit/s, and how each program ran and waited to run."""
        receiver = self._programs[1]
        receiver.wait_for("began", timeout=20)
        start, before = time.monotonic(), self._cpu()
        line = receiver.wait_for('"bytes"', timeout=self._seconds + 10)
        mbit = json.loads(line)["bytes"] * 8 / 1e6 / self._seconds
        lasted = time.monotonic() - start
        shares = [
            ((ran - ran_before) / lasted, (waited - waited_before) / lasted)
            for (ran, waited), (ran_before, waited_before) in zip(self._cpu(), before, strict=True)
        ]
        return mbit, shares

    def _cpu(self) -> list[tuple[float, float]]:
        return [cpu_times(program.pid) for program in self._programs]

    def _receive(self, role: str, address: str) -> Started:
        command = [*_PROGRAM, role, address, str(self._seconds)]
        return self._start(self._link.receiver.command(command))

    def _send(self, role: str, address: str, *more: str) -> Started:
        command = [*_PROGRAM, role, address, "0", *more]
        return self._start(self._link.sender.command(command))

    def _start(self, command: list[str]) -> Started:
        started = self._stack.enter_context(Started(command))
        prefer(started.pid)
        return started


@pytest.fixture(autouse=True)
def _can_emulate(netns: None) -> None:  # noqa: ARG001 - sees that namespaces can be made
    if reason := why_no_link():
        pytest.skip(reason)


@pytest.fixture(scope="module", autouse=True)
def _heading() -> None:
    print(f"\n{_SECONDS:g} s of bulk transfer, median of {_RUNS} interleaved runs: Mbit/s, mean")
    print("wait in the queue and packets it dropped; CPU of sender, receiver and relay: ran+waited")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", _KINDS, ids=str)
def test_bulk_next_to_cubic(kind: LinkKind) -> None:
    tcp, room = [], []
    for _ in range(_RUNS):
        tcp.append(_run(kind, in_room=False))
        room.append(_run(kind, in_room=True))

    ratio = median(result.mbit for result in room) / median(result.mbit for result in tcp)
    print(f"\n{kind!s:18} CUBIC {_show(tcp)}   room {_show(room)}   ratio {ratio:5.2f}", end="")
    print("   CPU", *(f"{ran:.0%}+{waited:.0%}" for ran, waited in room[-1].cpu))
    assert ratio > 0


@pytest.mark.timeout(120)
@pytest.mark.parametrize("rival", ["room", "bbr", "cubic"])
def test_shares_of_a_link_with_cubic(rival: str) -> None:
    """TCP with BBR, and with CUBIC itself, show what is usual."""
    if rival not in {"room", *_CONTROLS.read_text().split()}:
        pytest.skip(f"the kernel has no {rival}")
    with EmulatedLink(LinkKind(10, 0.050)) as link:
        with Transfer(link, _TOGETHER) as cubic, Transfer(link, _TOGETHER) as other:
            if rival == "room":
                other.start_room()
            else:
                other.start_tcp(rival, port=7002)
            cubic.start_tcp()
            rates = [other.result()[0], cubic.result()[0]]
        report = link.end()

    print(f"\ntogether for {_TOGETHER:g} s on {link.kind}: ", end="")
    for name, mbit in zip((rival, "CUBIC"), rates, strict=True):
        print(f"{name} {mbit:.2f} Mbit/s ({mbit / sum(rates):.0%})", end=", ")
    print(f"mean wait {report.mean_wait * 1000:.0f} ms, {report.dropped} dropped")
    assert all(rates)


def _run(kind: LinkKind, *, in_room: bool) -> Result:
    with EmulatedLink(kind) as link:
        with Transfer(link, _SECONDS) as transfer:
            if in_room:
                transfer.start_room()
            else:
                transfer.start_tcp()
            mbit, cpu = transfer.result()
        report = link.end()
    return Result(mbit, report.mean_wait, report.dropped, cpu)


def _show(results: list[Result]) -> str:
    rate = median(result.mbit for result in results)
    wait = median(result.wait for result in results) * 1000
    dropped = median(result.dropped for result in results)
    return f"{rate:6.2f} {wait:6.1f} ms {dropped:6.0f}"
