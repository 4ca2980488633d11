"""Relays with members, ready to be put under load."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from json import loads
from typing import Final, NamedTuple, Self

from packhorse_relay.bench.members import Member, fill_room, register
from packhorse_relay.bench.programs import cpu_seconds, running

PAYLOAD: Final = bytes(100)
LOOPBACK: Final = "127.0.0.1"
_SHARE: Final = 4  # rooms of one address


class Flow(NamedTuple):
    """A socket, and the datagram that it sends to one receiver."""

    sock: socket.socket
    datagram: bytes


@dataclass(slots=True)
class LoadedRelay:
    """A relay process with its members."""

    name: str
    pid: int
    flows: list[Flow]
    receivers: list[socket.socket]
    """Of the flows, in the same order."""
    members: list[Member] = field(default_factory=list)

    @classmethod
    def ring(cls, name: str, pid: int, rooms: list[list[Member]]) -> Self:
        """Return a relay through which each member sends to the next one of its room."""
        pairs = [
            (member, following)
            for room in rooms
            for member, following in zip(room, room[1:] + room[:1], strict=True)
        ]
        flows = [
            Flow(member.sock, member.datagram_to(following.peer, PAYLOAD))
            for member, following in pairs
        ]
        receivers = [following.sock for _, following in pairs]
        return cls(name, pid, flows, receivers, [member for member, _ in pairs])

    def keep_sessions(self) -> None:
        """Let the sessions do what is due."""
        for member in self.members:
            member.keep_session()

    def cpu_seconds(self) -> float:
        """Return user and system time of the process so far."""
        return cpu_seconds(self.pid)

    def close(self) -> None:
        """Close all sockets."""
        for sock in [flow.sock for flow in self.flows] + self.receivers:
            sock.close()


@contextmanager
def packhorse_relay(dataplane: str, *, rooms: int, members: int) -> Iterator[LoadedRelay]:
    """Run `packhorse relay` without limits, with full rooms."""
    command = [sys.executable, "-m", "packhorse", "relay", "--bind", LOOPBACK]
    command += ["--port", "0", "--json", "--profile", "unlimited", "--dataplane", dataplane]
    with running(command) as program:
        relay = (LOOPBACK, int(loads(program.wait_for("listening"))["port"]))
        full = [fill_room(relay, members, source_of(number)) for number in range(rooms)]
        loaded = LoadedRelay.ring(f"packhorse {dataplane}", program.pid, full)
        yield loaded
        loaded.close()


@contextmanager
def registering_relay(name: str, command: list[str], count: int) -> Iterator[LoadedRelay]:
    """Run a relay that prints its port, and takes members as `plain_relay` does."""
    with running(command) as program:
        relay = (LOOPBACK, int(program.wait_for("")))
        loaded = LoadedRelay.ring(name, program.pid, [[register(relay) for _ in range(count)]])
        yield loaded
        loaded.close()


def source_of(room: int) -> str:
    """Return an address of this machine; no relay lets one address open many rooms at once."""
    number = room // _SHARE
    return f"127.1.{number // 200}.{number % 200 + 1}"
