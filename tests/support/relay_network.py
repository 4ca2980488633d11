"""Two hosts and a relay between them, each in a network namespace of its own.

    one 10.7.1.2, fd00:7:1::2 -- 10.7.1.1 relay 10.7.2.1 -- other 10.7.2.2, fd00:7:2::2

Needs root. Every name carries the process id, and all of it goes away with the network.
"""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Final

from packhorse.core.joining import CreateRoom, JoinRoom
from packhorse.wire.constants import FirstByte
from packhorse_relay.bench.members import Member, join_room, wait_readable
from tests.support.inside import RECEIVE_OFFLOAD, SEND_CHECKSUMS, inside, set_feature
from tests.support.netns import Host, Namespaces
from tests.support.processes import Started

PORT: Final = 6969
_RELAY: Final = (sys.executable, "-m", "packhorse", "relay", "--json", "--port", str(PORT))


class RelayNetwork(Namespaces):
    """A context manager that makes and removes it."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = ExitStack()
        """What ends with the network."""

    def relay_address(self, number: int, *, is_v6: bool = False) -> str:
        """Return the address of the relay as host 0 or 1 sees it."""
        return f"fd00:7:{number + 1}::1" if is_v6 else f"10.7.{number + 1}.1"

    def inside(self, host: Host) -> AbstractContextManager[None]:
        """Let this thread open its sockets in the namespace of a host."""
        return inside(host.namespace)

    @contextmanager
    def running_relay(self, *options: str) -> Iterator[Started]:
        """Run a relay with these options; at the end it stops at once, rooms or not."""
        with Started(self.relay.command([*_RELAY, *options])) as relay:
            relay.wait_for("listening", timeout=20)
            yield relay
            stop(relay)

    def pair(self, relay: str) -> tuple[Member, Member]:
        """Open a room for two at an address of the relay; both are on host `one`.

        Their sockets are connected: they take nothing that comes from another address.
        """
        with self.inside(self.hosts[0]):
            host, session = join_room((relay, PORT), CreateRoom())
            self.closing.enter_context(host.sock)
            guest, _ = join_room((relay, PORT), JoinRoom(session.code))
            self.closing.enter_context(guest.sock)
        return host, guest

    def behave_like_cards(self) -> None:
        """Let the links carry whole checksums, and take what XDP sends: as real cards do."""
        for host in self.hosts:
            with self.inside(host):
                set_feature("eth0", SEND_CHECKSUMS, is_on=False)
                set_feature("eth0", RECEIVE_OFFLOAD, is_on=True)

    def _build(self) -> None:
        self.relay = Host(self._add_namespace("relay"), "10.7.1.1")
        self.hosts = (
            Host(self._add_namespace("one"), "10.7.1.2"),
            Host(self._add_namespace("other"), "10.7.2.2"),
        )
        for number, host in enumerate(self.hosts, 1):
            self._connect(self.relay, f"to{number}", host, "eth0")
            for end, name, last in ((self.relay, f"to{number}", 1), (host, "eth0", 2)):
                end.ip(
                    f"addr add 10.7.{number}.{last}/24 dev {name}",
                    f"addr add fd00:7:{number}::{last}/64 dev {name} nodad",
                )
            host.ip(
                f"route add default via 10.7.{number}.1",
                f"route add default via fd00:7:{number}::1",
            )

    def _remove(self) -> None:
        self.closing.close()
        super()._remove()


def stop(relay: Started) -> dict[str, Any]:
    """End a relay; returns what it says at the end. Harmless when it has ended."""
    relay.signal(signal.SIGINT)
    relay.wait()
    told: dict[str, Any] = json.loads(relay.lines[-1])
    return told


def next_data(member: Member) -> bytes:
    """Return the next DATA that came, its header included.

    Raises:
        ConnectivityError: None came.
    """
    while True:
        wait_readable(member.sock)
        data = member.sock.recv(2048)
        if data[0] == FirstByte.DATA:
            return data
