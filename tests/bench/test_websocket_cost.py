"""What a message forwarded between WebSockets costs the relay, next to a plain one."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from json import loads
from statistics import median

from packhorse.core.joining import CreateRoom, JoinRoom
from packhorse.wire.constants import FirstByte
from packhorse.wire.header import decode_header, encode_destination
from packhorse_relay.bench.programs import LOAD_CPU, RELAY_CPU, cpu_seconds
from tests.bench.websocket_load import WebSocketMember, frame_of, join, pin_to, receive_load
from tests.support.processes import Started

_MEMBERS = 8
_PAYLOAD = bytes(100)
_BURST = 16  # messages a member sends before all are awaited
_ROUNDS = 150  # a run
_RUNS = 7  # of each relay, interleaved

Ring = tuple[int, list[WebSocketMember], list[bytes]]
"""Process id of the relay, members, and what each sends to the next."""


@contextmanager
def _plain() -> Iterator[Ring]:
    with Started([sys.executable, "-m", "tests.bench.plain_websocket_relay"]) as process:
        os.sched_setaffinity(process.pid, {RELAY_CPU})
        address = ("127.0.0.1", int(process.wait_for("")))
        members = [WebSocketMember.connect(address) for _ in range(_MEMBERS)]
        ids = [member.read()[0][2:] for member in members]
        next_ids = [int.from_bytes(each, "big") for each in ids[1:] + ids[:1]]
        frames = [encode_destination(FirstByte.DATA, 0, peer) + _PAYLOAD for peer in next_ids]
        yield process.pid, members, frames


@contextmanager
def _packhorse() -> Iterator[Ring]:
    command = [
        sys.executable,
        "-m",
        "packhorse",
        "relay",
        "--port",
        "0",
        "--json",
        "--profile",
        "unlimited",
    ]
    with Started([*command, "--bind", "127.0.0.1"]) as process:
        os.sched_setaffinity(process.pid, {RELAY_CPU})
        address = ("127.0.0.1", int(loads(process.wait_for("listening"))["port"]))
        host, session = join(address, CreateRoom())
        joined = [(host, session)]
        joined += [join(address, JoinRoom(session.code)) for _ in range(_MEMBERS - 1)]
        tags = [decode_header(each.encode_data(b"x", 0)).tag for _, each in joined]
        peers = [each.peer_id for _, each in joined]
        pairs = zip(tags, peers[1:] + peers[:1], strict=True)
        frames = [encode_destination(FirstByte.DATA, tag, to) + _PAYLOAD for tag, to in pairs]
        yield process.pid, [member for member, _ in joined], frames


_STARTS: dict[str, Callable[[], AbstractContextManager[Ring]]] = {
    "plain websockets relay": _plain,
    "packhorse (portable)": _packhorse,
}


def test_relay_cost_per_message_between_websockets() -> None:
    pin_to(LOAD_CPU)
    costs: dict[str, list[float]] = {name: [] for name in _STARTS}

    with ExitStack() as stack:
        rings = {name: stack.enter_context(start()) for name, start in _STARTS.items()}
        for _ in range(_RUNS):
            for name, ring in rings.items():
                costs[name].append(_microseconds(*ring))
        for _, members, _ in rings.values():
            for member in members:
                member.sock.close()

    baseline = median(costs["plain websockets relay"])
    print(f"\nrelay CPU per message between WebSockets: {len(_PAYLOAD)} bytes, {_MEMBERS} members")
    for name, runs in costs.items():
        spread = f"{median(runs):5.2f} ({min(runs):.2f}-{max(runs):.2f})"
        print(f"  {name:32} {spread:20} us = {median(runs) / baseline:.2f} x plain")


def _microseconds(pid: int, members: list[WebSocketMember], datagrams: list[bytes]) -> float:
    bursts = [frame_of(datagram) for datagram in datagrams]
    before = cpu_seconds(pid)
    for _ in range(_ROUNDS):
        for member, frame in zip(members, bursts, strict=True):
            for _ in range(_BURST):
                member.sock.sendall(frame)
        receive_load(members, _BURST * len(members), len(_PAYLOAD))
    messages = _ROUNDS * _BURST * len(members)
    return (cpu_seconds(pid) - before) / messages * 1e6
