"""Two hosts and a relay between them, each in a network namespace of its own.

    one 10.7.1.2, fd00:7:1::2 -- 10.7.1.1 relay 10.7.2.1 -- other 10.7.2.2, fd00:7:2::2

Needs root. Every name carries the process id, and all of it goes away with the network.
"""

from contextlib import AbstractContextManager, ExitStack

from tests.support.inside import RECEIVE_OFFLOAD, SEND_CHECKSUMS, inside, set_feature
from tests.support.netns import Host, Namespaces


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
