"""A small internet out of network namespaces: hosts, home routers with NAT, one network.

    home-a 10.1.0.2 -- router-a 198.51.100.11 --+
                                                +-- 198.51.100.1 net
    home-b 10.2.0.2 -- router-b 198.51.100.12 --+

Needs root. Every name carries the process id, and all of it goes away with the lab.
"""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final, Self

_NET_ADDRESS: Final = "198.51.100.1"  # RFC 5737: addresses for documentation
_DEADLINE: Final = 10.0  # seconds for one command
_UDP_RULES: Final = """
table ip blocked {
    chain forward {
        type filter hook forward priority 0;
        meta l4proto udp drop
    }
}
"""
_NAT_RULES: Final = """
table ip nat {
    chain post {
        type nat hook postrouting priority 100;
        oifname "wan" masquerade fully-random
    }
}
"""


@dataclass(frozen=True, slots=True)
class Host:
    """A namespace with a name and an address."""

    namespace: str
    address: str

    def command(self, command: Sequence[str]) -> list[str]:
        """Return `command` as it runs in this namespace."""
        return ["ip", "netns", "exec", self.namespace, *command]

    def run(self, *command: str) -> None:
        """Run `command` there to its end."""
        run(self.command(command))

    def ip(self, *lines: str) -> None:
        """Run lines of `ip`, such as `link set lo up`."""
        run(["ip", "-n", self.namespace, "-batch", "-"], text="\n".join(lines))

    def nft(self, rules: str) -> None:
        """Add rules of nftables."""
        run(self.command(["nft", "-f", "-"]), text=rules)


@dataclass(frozen=True, slots=True)
class Home:
    """A machine behind a router that translates addresses."""

    machine: Host
    router: Host
    """Its address is the public one."""

    def block_udp(self) -> None:
        """Let the router drop all UDP."""
        self.router.nft(_UDP_RULES)

    def forget_mappings(self) -> None:
        """Let the router forget its NAT table: the next datagram leaves from another port."""
        self.router.run("conntrack", "-F")


class Namespaces:
    """Namespaces and links between them; a context manager that removes them all."""

    _numbers = count()

    def __init__(self) -> None:
        self._prefix = f"ph{os.getpid()}-{next(self._numbers)}"
        self._namespaces: list[str] = []

    def __enter__(self) -> Self:
        try:
            self._build()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._remove()

    def _build(self) -> None:
        """Make everything."""

    def _add_namespace(self, name: str) -> str:
        namespace = f"{self._prefix}-{name}"
        run(["ip", "netns", "add", namespace])
        self._namespaces.append(namespace)
        run(["ip", "-n", namespace, "link", "set", "lo", "up"])
        return namespace

    def _connect(self, one: Host, one_name: str, other: Host, other_name: str) -> None:
        ends = ["name", one_name, "netns", one.namespace, "type", "veth"]
        peer = ["peer", "name", other_name, "netns", other.namespace]
        run(["ip", "link", "add", *ends, *peer])
        one.ip(f"link set {one_name} up")
        other.ip(f"link set {other_name} up")

    def _remove(self) -> None:
        for namespace in reversed(self._namespaces):
            subprocess.run(["ip", "netns", "del", namespace], check=False, timeout=_DEADLINE)
        self._namespaces.clear()


class NatLab(Namespaces):
    """One public host and any number of homes; a context manager."""

    def __init__(self, homes: int = 2) -> None:
        super().__init__()
        self._count = homes
        self.homes: list[Home] = []

    def _build(self) -> None:
        self.net = Host(self._add_namespace("net"), _NET_ADDRESS)
        self.net.run("ip", "link", "add", "br0", "type", "bridge")
        self.net.run("ip", "addr", "add", f"{_NET_ADDRESS}/24", "dev", "br0")
        self.net.run("ip", "link", "set", "br0", "up")
        for number in range(1, self._count + 1):
            self.homes.append(self._add_home(number))

    def _add_home(self, number: int) -> Home:
        router = Host(self._add_namespace(f"router{number}"), f"198.51.100.{10 + number}")
        machine = Host(self._add_namespace(f"home{number}"), f"10.{number}.0.2")
        self._connect(self.net, f"r{number}", router, "wan")
        self.net.run("ip", "link", "set", f"r{number}", "master", "br0")
        self._connect(router, "lan", machine, "eth0")
        gateway = f"10.{number}.0.1"
        router.run("ip", "addr", "add", f"{router.address}/24", "dev", "wan")
        router.run("ip", "addr", "add", f"{gateway}/24", "dev", "lan")
        router.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        router.nft(_NAT_RULES)
        machine.run("ip", "addr", "add", f"{machine.address}/24", "dev", "eth0")
        machine.run("ip", "route", "add", "default", "via", gateway)
        return Home(machine, router)


def run(command: Sequence[str], *, text: str = "") -> None:
    """Run a command of the system to its end, with `text` as its input.

    Raises:
        AssertionError: It failed; the text holds what it said.
    """
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=_DEADLINE, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
