"""Measure round-trip times: numbers the pings, matches the echoes, adds up the result."""

import argparse
import json
import statistics
import struct
import time
from dataclasses import asdict, dataclass

SEQUENCE = struct.Struct("!I")  # what every ping begins with; zero bytes fill it up
MAX_SIZE = 1194  # bytes; the largest payload of a room


@dataclass(frozen=True)
class Report:
    """What came of a series of pings."""

    sent: int
    received: int
    loss: float
    """Fraction of the pings that never came back, 0..1."""
    reordered: int
    """Echoes that came after the echo of a later ping."""
    duplicates: int
    """Echoes that came more than once; not in `received`."""
    rtt_ms: dict[str, float]
    """mean, min, max and stdev in milliseconds; empty when nothing came back."""


class RttMeter:
    """Makes pings and takes echoes; knows nothing of how they travel."""

    def __init__(self, size: int) -> None:
        """Make pings of `size` bytes, 4 or more."""
        self._size = size
        self._sent_at: list[float] = []  # by sequence number
        self._rtts: dict[int, float] = {}  # seconds, by sequence number
        self._highest = -1
        self._reordered = 0
        self._duplicates = 0

    @property
    def is_complete(self) -> bool:
        """Tell whether every ping has come back."""
        return len(self._rtts) == len(self._sent_at)

    def next_ping(self) -> bytes:
        """Return the next ping; its time runs from now."""
        ping = SEQUENCE.pack(len(self._sent_at)).ljust(self._size, b"\0")
        self._sent_at.append(time.perf_counter())
        return ping

    def take_echo(self, data: bytes) -> None:
        """Stop the time of the ping that came back; ignore what is no echo of ours."""
        now = time.perf_counter()
        if len(data) != self._size:
            return
        (sequence,) = SEQUENCE.unpack_from(data)
        if sequence >= len(self._sent_at):
            return
        if sequence in self._rtts:
            self._duplicates += 1
            return
        self._rtts[sequence] = now - self._sent_at[sequence]
        self._reordered += sequence < self._highest
        self._highest = max(self._highest, sequence)

    def report(self) -> Report:
        """Add up what has come so far."""
        sent, received = len(self._sent_at), len(self._rtts)
        return Report(
            sent=sent,
            received=received,
            loss=(sent - received) / sent if sent else 0.0,
            reordered=self._reordered,
            duplicates=self._duplicates,
            rtt_ms=_summary([rtt * 1000 for rtt in self._rtts.values()]),
        )


def add_ping_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that every ping client takes."""
    parser.add_argument("--count", type=int, default=100, help="pings (default: %(default)s)")
    parser.add_argument(
        "--interval", type=float, default=0.05, help="seconds between pings (default: %(default)s)"
    )
    parser.add_argument(
        "--size", type=_size, default=64, help="bytes of a ping (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def print_report(report: Report, *, as_json: bool) -> None:
    """Print the report for people, or for programs."""
    if as_json:
        print(json.dumps(asdict(report)))
        return
    print(f"sent {report.sent}, received {report.received}, lost {report.loss:.1%}")
    print(f"reordered {report.reordered}, duplicates {report.duplicates}")
    if report.rtt_ms:
        print("RTT ms: " + ", ".join(f"{name} {ms:.3f}" for name, ms in report.rtt_ms.items()))


def _summary(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    return {
        "mean": round(statistics.fmean(values), 3),
        "min": round(min(values), 3),
        "max": round(max(values), 3),
        "stdev": round(statistics.pstdev(values), 3),
    }


def _size(text: str) -> int:
    size = int(text)
    if not SEQUENCE.size <= size <= MAX_SIZE:
        msg = f"{size} is outside {SEQUENCE.size}..{MAX_SIZE}"
        raise argparse.ArgumentTypeError(msg)
    return size
