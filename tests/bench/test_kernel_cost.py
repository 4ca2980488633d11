"""What a datagram costs between two networks: data planes, other relays, plain routing.

Counted is the processor time of all that takes part: the load, the relay and the kernel's own
threads, which do the work of network interfaces where no process is at hand. What the same load
costs over one link without anything in between is taken off.
"""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple, TypeVar

import pytest

from packhorse.core.joining import CreateRoom, JoinRoom
from packhorse.wire.constants import FirstByte
from packhorse.wire.header import encode_destination
from packhorse.wire.room_code import RoomCode
from packhorse_relay import bench
from packhorse_relay.bench.members import Member as BenchMember
from packhorse_relay.bench.members import connected, join_room, register, wait_readable
from packhorse_relay.bench.peers import (
    channel_data,
    coturn_command,
    coturn_version,
    open_channel,
)
from packhorse_relay.bench.programs import LOAD_CPU, RELAY_CPU, cpu_seconds
from tests.netns.test_kernel_data_plane import PORT, RELAY, UNLIMITED
from tests.support.kernel_program import LISTENERS, RELAY_PORT, LoadedProgram, Member
from tests.support.packets import Packet
from tests.support.processes import Started
from tests.support.programs import program
from tests.support.relay_network import RelayNetwork

pytestmark = pytest.mark.usefixtures("netns", "bpf")

_R = TypeVar("_R")

RUNS: Final = 7  # of each subject, interleaved
SECONDS: Final = 0.6  # a run
PAYLOAD: Final = bytes(100)
FOLDER: Final = Path(__file__).parent
MEASURABLE: Final = 0.2  # us; less is noise of the empty link
NOTHING: Final = "one link, nothing in between"
ROUTING: Final = "plain routing by the kernel"


class Load(NamedTuple):
    """How datagrams come."""

    rate: int
    """Datagrams a second; 0: as fast as they are taken."""
    burst: int
    window: int
    """Datagrams that may be under way."""


class Subject(NamedTuple):
    """Something that datagrams go through."""

    name: str
    pid: int
    sender: int
    receiver: int
    datagram: bytes
    members: tuple[BenchMember, ...] = ()
    """With sessions that the relay would end."""


class Result(NamedTuple):
    """What a run gave."""

    cost: float
    """Seconds of processor time for a datagram."""
    rate: float
    """Datagrams received in a second."""
    loss: float


@pytest.mark.parametrize(
    "load",
    [Load(50_000, 10, 2000), Load(5_000, 1, 200), Load(0, 32, 256)],
    ids=["50,000/s", "5,000/s", "saturated"],
)
def test_cost_of_a_datagram_between_networks(load: Load, tmp_path: Path) -> None:
    loader = tmp_path / "lab_load"
    compile_c(FOLDER / "lab_load.c", loader)
    report(interleaved(tmp_path, RUNS, partial(measure, loader, load)), load)


@pytest.mark.parametrize("way", ["tcx", "xdp"])
def test_time_that_the_program_takes(way: str) -> None:
    with LoadedProgram.load(way) as loaded:
        for host, listener in LISTENERS:
            # A member at the relay's own address: the result is as good a packet as the first.
            member = Member(listener, (host, RELAY_PORT), 1)
            header = encode_destination(FirstByte.DATA, 1, 7)
            member.enter(loaded.tables, listener)
            loaded.tables.add_route(member.address, header, listener, listener, header)
            loaded.tables.allow(listener, 1 << 60, 1 << 60)
            packet = Packet(
                source=member.address, destination=member.address, payload=header + PAYLOAD
            )
            times = [loaded.run(packet.encode(), repeat=200_000).nanoseconds for _ in range(RUNS)]
            assert loaded.tables.spent(listener).datagrams >= 200_000 * RUNS
            family = "IPv6" if ":" in host else "IPv4"
            print(f"\n{way}, {family}: {median(times)} ns ({min(times)}-{max(times)}) a datagram")


def interleaved(folder: Path, runs: int, take: Callable[[Subject], _R]) -> dict[str, list[_R]]:
    """Measure everything once, then again; returns the results by name."""
    results: dict[str, list[_R]] = {}
    with ExitStack() as stack:
        subjects = [stack.enter_context(start) for start in starts(folder)]
        for _ in range(runs):
            for subject in subjects:
                results.setdefault(subject.name, []).append(take(subject))
    return results


def starts(folder: Path) -> Iterator[AbstractContextManager[Subject]]:
    """Yield what is compared."""
    yield nothing()
    yield routing()
    for plane in ("portable", "batched", "kernel"):
        yield packhorse_between(f"packhorse ({plane})", "--dataplane", plane)
    xdp = ("--dataplane", "kernel", "--set", "kernel_attach=xdp")
    yield packhorse_between("packhorse (kernel, XDP)", *xdp)
    yield c_between(folder)
    yield coturn_between()


@contextmanager
def nothing() -> Iterator[Subject]:
    """Send from one host to the machine next to it."""
    with RelayNetwork() as lab, ExitStack() as stack:
        with lab.inside(lab.relay):
            receiver = stack.enter_context(bound(lab.relay.address))
        with lab.inside(lab.hosts[0]):
            sender = stack.enter_context(connected(receiver.getsockname()))
        yield Subject(NOTHING, 0, sender.fileno(), receiver.fileno(), bytes(6) + PAYLOAD)


@contextmanager
def routing() -> Iterator[Subject]:
    """Send the same datagrams through a router."""
    with RelayNetwork() as lab, ExitStack() as stack:
        lab.relay.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        with lab.inside(lab.hosts[1]):
            receiver = stack.enter_context(bound(lab.hosts[1].address))
        with lab.inside(lab.hosts[0]):
            sender = stack.enter_context(connected(receiver.getsockname()))
        yield Subject(ROUTING, 0, sender.fileno(), receiver.fileno(), bytes(6) + PAYLOAD)


@contextmanager
def packhorse_between(name: str, *options: str) -> Iterator[Subject]:
    """Send from one member to another."""
    with RelayNetwork() as lab, ExitStack() as stack:
        if "kernel_attach=xdp" in options:
            lab.behave_like_cards()
        command = lab.relay.command([*RELAY, *UNLIMITED, *options])
        relay = stack.enter_context(Started(command))
        relay.wait_for("listening", timeout=20)
        os.sched_setaffinity(relay.pid, {RELAY_CPU})
        with lab.inside(lab.hosts[0]):
            one, session = join_room((lab.relay_address(0), PORT), CreateRoom())
        stack.enter_context(one.sock)
        with lab.inside(lab.hosts[1]):
            wish = JoinRoom(RoomCode(session.code))
            other, _ = join_room((lab.relay_address(1), PORT), wish)
        stack.enter_context(other.sock)
        for _ in range(10):
            other.sock.send(other.datagram_to(one.peer, b"here"))
            one.sock.send(one.datagram_to(other.peer, b"here"))
            wait_readable(other.sock)
            other.sock.recv(2048)
        datagram = one.datagram_to(other.peer, PAYLOAD)
        fds = one.sock.fileno(), other.sock.fileno()
        yield Subject(name, relay.pid, *fds, datagram, (one, other))


@contextmanager
def c_between(folder: Path) -> Iterator[Subject]:
    """Send through the relay in C."""
    binary = folder / "batch_relay"
    compile_c(Path(bench.__file__).with_name("batch_relay.c"), binary)
    with RelayNetwork() as lab, ExitStack() as stack:
        relay = stack.enter_context(Started(lab.relay.command([str(binary), "everywhere"])))
        port = int(relay.wait_for(""))
        os.sched_setaffinity(relay.pid, {RELAY_CPU})
        members = []
        for number, host in enumerate(lab.hosts):
            with lab.inside(host):
                members.append(register((lab.relay_address(number), port)))
                stack.enter_context(members[-1].sock)
        one, other = members
        datagram = one.datagram_to(other.peer, PAYLOAD)
        name = "C, recvmmsg and sendmmsg"
        yield Subject(name, relay.pid, one.sock.fileno(), other.sock.fileno(), datagram)


@contextmanager
def coturn_between() -> Iterator[Subject]:
    """Send from a client of coturn to a peer, by a channel."""
    with RelayNetwork() as lab, ExitStack() as stack:
        addresses = lab.relay_address(0), lab.relay_address(1)
        command = lab.relay.command(coturn_command(3478, *addresses))
        relay = stack.enter_context(Started(command))
        relay.wait_for("IO method (admin thread)", timeout=20)
        with lab.inside(lab.hosts[0]):
            client = stack.enter_context(connected((addresses[0], 3478)))
        with lab.inside(lab.hosts[1]):
            peer = stack.enter_context(bound(lab.hosts[1].address))
        open_channel(client, peer)
        name, datagram = coturn_version(), channel_data(bytes(2) + PAYLOAD)
        yield Subject(name, relay.pid, client.fileno(), peer.fileno(), datagram)


def bound(host: str) -> socket.socket:
    """Return a socket with room for what a load sends."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind((host, 0))
    return sock


def measure(loader: Path, load: Load, subject: Subject, *, seconds: float = SECONDS) -> Result:
    """Put one load on one subject."""
    keep_sessions(subject)
    before = [cpu_seconds(pid) for pid in others(subject)]
    fds = (subject.sender, subject.receiver)
    numbers = (*fds, load.rate, load.burst, load.window, seconds, len(subject.datagram))
    command = [str(loader), *map(str, numbers), subject.datagram.hex()]
    done = subprocess.run(
        [program("taskset"), "-c", str(LOAD_CPU), *command],
        pass_fds=fds,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    spent = sum(cpu_seconds(pid) for pid in others(subject)) - sum(before)
    sent, received, seconds, cpu = map(float, done.stdout.split())
    return Result((cpu + spent) / max(received, 1), received / seconds, 1 - received / max(sent, 1))


def keep_sessions(subject: Subject) -> None:
    """Let the members do what is due."""
    for member in subject.members:
        member.keep_session()


def others(subject: Subject) -> list[int]:
    """Return the processes that work besides the load."""
    names = Path("/proc").glob("[0-9]*/comm")
    workers = [int(path.parent.name) for path in names if _read(path).startswith("ksoftirqd/")]
    return [*workers, *([subject.pid] if subject.pid else [])]


def _read(path: Path) -> str:
    with suppress(OSError):  # processes come and go
        return path.read_text()
    return ""


def report(results: dict[str, list[Result]], load: Load) -> None:
    """Print costs over the empty link, and ratios."""
    empty = median(each.cost for each in results[NOTHING])
    costs = {
        name: [(run.cost - empty) * 1e6 for run in runs]
        for name, runs in results.items()
        if name != NOTHING
    }
    middle = {name: median(runs) for name, runs in costs.items()}
    peers = [name for name in costs if name.startswith(("plain", "C,", "cot"))]
    what = f"{load.rate:,}/s" if load.rate else "as fast as they are taken"
    print(f"\n{len(PAYLOAD)}-byte datagrams, {what}, {load.burst} at a time; {RUNS} interleaved")
    print(f"runs; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors;")
    print(f"processor us for each over the {empty * 1e6:.2f} of an empty link, median (min-max)")
    for name, runs in costs.items():
        others = [peer for peer in peers if peer != name and middle[peer] > MEASURABLE]
        ratios = [f"{middle[name] / middle[peer]:.2f} x {peer}" for peer in others]
        rate = median(run.rate for run in results[name])
        loss = median(run.loss for run in results[name])
        spread = f"{middle[name]:5.2f} ({min(runs):.2f}-{max(runs):.2f})"
        print(f"  {name:28} {spread:20} {rate:8,.0f}/s, lost {loss:.2%} = {', '.join(ratios)}")


def compile_c(source: Path, binary: Path) -> None:
    """Compile a program."""
    subprocess.run([program("gcc"), "-O2", "-o", binary, source], check=True, timeout=60)
