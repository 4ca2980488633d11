"""TCP through a relay and two middlemen, next to the same programs without them."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from tests.support.middleman_process import LOOPBACK, MiddlemanProcess
from tests.support.processes import Started, run
from tests.support.programs import program
from tests.support.relay_process import RelayProcess
from tests.support.tcp_process import free_tcp_port

_RUNS: Final = 3  # of each kind, interleaved
_SECONDS: Final = 3  # of each iperf3 run
_EXCHANGES: Final = 500
_TICKS: Final = os.sysconf("SC_CLK_TCK")  # per second
_MB: Final = 1e6


@contextmanager
def carried(port: int) -> Iterator[tuple[int, dict[str, int]]]:
    """Carry a TCP port; yields where it is to be found, and the processes by name."""
    with (
        RelayProcess("--profile", "unlimited") as relay,
        MiddlemanProcess("host", "--relay", relay.address, "--tcp", str(port)) as host,
        MiddlemanProcess("join", host.first["invite"], "--tcp", "0") as client,
    ):
        pids = {"relay": relay.pid, "host": host.pid, "client": client.pid}
        yield int(client.first["tcp"]), pids


def test_bulk_transfer_with_iperf3() -> None:
    iperf3, port = program("iperf3"), free_tcp_port()
    rates: dict[str, list[float]] = {}
    costs: dict[str, list[float]] = {}

    serve = [iperf3, "--server", "--forceflush", "--bind", LOOPBACK, "--port", str(port)]
    with Started(serve) as server, carried(port) as (through, pids):
        server.wait_for("Server listening")
        for _ in range(_RUNS):
            for direction in ("up", "down"):
                rates.setdefault(f"{direction}, direct", []).append(_rate(port, direction))
                before = {name: _cpu(pid) for name, pid in pids.items()}
                rate = _rate(through, direction)
                rates.setdefault(f"{direction}, carried", []).append(rate)
                for name, pid in pids.items():
                    used = (_cpu(pid) - before[name]) / (rate * _SECONDS / 1.1e-3)
                    costs.setdefault(f"{direction}, {name}", []).append(used * _MB)

    _report_rates(rates)
    _report_costs(costs)
    assert all(min(each) > 0 for each in rates.values())


def test_small_questions_and_answers() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = int(listener.getsockname()[1])
        threading.Thread(target=_echo_all, args=[listener], daemon=True).start()
        with carried(port) as (through, _):
            times: dict[str, list[float]] = {}
            for _ in range(_RUNS):
                times.setdefault("direct", []).append(_exchange_time(port))
                times.setdefault("carried", []).append(_exchange_time(through))

    direct, through_room = (median(times[name]) * 1e6 for name in ("direct", "carried"))
    print(f"\n100 bytes there and back, median of {_EXCHANGES}, best of {_RUNS} interleaved runs:")
    print(f"  direct {direct:.0f} us, carried {through_room:.0f} us")
    assert through_room > direct


def _rate(port: int, direction: str) -> float:
    """Return megabytes a second as iperf3's receiver sees them."""
    command = [program("iperf3"), "--client", LOOPBACK, "--port", str(port), "--json"]
    command += ["--time", str(_SECONDS), *(["--reverse"] if direction == "down" else [])]
    done = run(command, timeout=60)
    assert done.returncode == 0, done.stdout
    bits: float = json.loads(done.stdout)["end"]["sum_received"]["bits_per_second"]
    return bits / 8 / _MB


def _cpu(pid: int) -> float:
    """Return user and system time of a process so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _exchange_time(port: int) -> float:
    """Return the median of the seconds that an exchange takes."""
    times = []
    with socket.create_connection((LOOPBACK, port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(_EXCHANGES):
            start = time.perf_counter()
            sock.sendall(bytes(100))
            left = 100
            while left:
                left -= len(sock.recv(left))
            times.append(time.perf_counter() - start)
    return median(times)


def _echo_all(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # the test is over
            return
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := connection.recv(4096):
                connection.sendall(data)


def _report_rates(rates: dict[str, list[float]]) -> None:
    print(f"\niperf3, one connection, {_SECONDS} s, loopback, {os.cpu_count()} processors;")
    print(f"MB/s, median of {_RUNS} interleaved runs (min-max)")
    for direction in ("up", "down"):
        direct, through = rates[f"{direction}, direct"], rates[f"{direction}, carried"]
        for name, runs in (("direct", direct), ("carried", through)):
            spread = f"{median(runs):8.1f} ({min(runs):.1f}-{max(runs):.1f})"
            print(f"  {direction:4} {name:8} {spread:28} = {median(runs) / median(direct):.4f} x")


def _report_costs(costs: dict[str, list[float]]) -> None:
    print("processor time for 1100 bytes carried, us, median (min-max)")
    for name, runs in costs.items():
        print(f"  {name:14} {median(runs):6.1f} ({min(runs):.1f}-{max(runs):.1f})")
