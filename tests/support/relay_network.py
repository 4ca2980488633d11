"""Two hosts and a relay between them, each in a network namespace of its own.

    one 10.7.1.2, fd00:7:1::2 -- 10.7.1.1 relay 10.7.2.1 -- other 10.7.2.2, fd00:7:2::2

Needs root. Every name carries the process id, and all of it goes away with the network.
"""

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Final, Self

from tests.support.netns import Host

_DEADLINE: Final = 10.0  # seconds for one command
_NETWORK: Final = 0x40000000  # CLONE_NEWNET of linux/sched.h
_ETHTOOL: Final = 0x8946  # SIOCETHTOOL of linux/sockios.h
_SEND_CHECKSUMS: Final = 0x17  # ETHTOOL_STXCSUM of linux/ethtool.h
_RECEIVE_OFFLOAD: Final = 0x2C  # ETHTOOL_SGRO; makes the peer of a veth take XDP's packets
_NUMBERS: Final = count(1)
_NO_PROBES: Final = "net.ipv6.conf.all.accept_dad=0"


class RelayNetwork:
    """A context manager that makes and removes it."""

    def __init__(self) -> None:
        prefix = f"pk{os.getpid()}-{next(_NUMBERS)}"
        self.closing = ExitStack()
        """What ends with the network."""
        self.relay = Host(f"{prefix}-relay", "10.7.1.1")
        self.hosts = (Host(f"{prefix}-one", "10.7.1.2"), Host(f"{prefix}-other", "10.7.2.2"))

    def __enter__(self) -> Self:
        try:
            self._build()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._remove()

    def relay_address(self, number: int, *, is_v6: bool = False) -> str:
        """Return the address of the relay as host 0 or 1 sees it."""
        return f"fd00:7:{number + 1}::1" if is_v6 else f"10.7.{number + 1}.1"

    @contextmanager
    def inside(self, host: Host) -> Iterator[None]:
        """Let this thread open its sockets in the namespace of a host."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            _enter(os.open(f"/run/netns/{host.namespace}", os.O_RDONLY))
            yield
        finally:
            _enter(home)

    def run(self, host: Host, *command: str) -> str:
        """Run a command in the namespace of a host; returns what it prints."""
        return _run(*host.command(command))

    def behave_like_cards(self) -> None:
        """Let the links carry whole checksums, and take what XDP sends: as real cards do."""
        for host in self.hosts:
            with self.inside(host):
                _set_feature("eth0", _SEND_CHECKSUMS, is_on=False)
                _set_feature("eth0", _RECEIVE_OFFLOAD, is_on=True)

    def _build(self) -> None:
        for host in (self.relay, *self.hosts):
            _run("ip", "netns", "add", host.namespace)
            self.run(host, "sysctl", "-qw", _NO_PROBES)
            self.run(host, "ip", "link", "set", "lo", "up")
        for number, host in enumerate(self.hosts, 1):
            ends = ["name", f"to{number}", "netns", self.relay.namespace, "type", "veth"]
            _run("ip", "link", "add", *ends, "peer", "name", "eth0", "netns", host.namespace)
            for end, name, last in ((self.relay, f"to{number}", 1), (host, "eth0", 2)):
                for address in (f"10.7.{number}.{last}/24", f"fd00:7:{number}::{last}/64"):
                    self.run(end, "ip", "addr", "add", address, "dev", name, *_nodad(address))
                self.run(end, "ip", "link", "set", name, "up")
            for version, gateway in (("-4", f"10.7.{number}.1"), ("-6", f"fd00:7:{number}::1")):
                self.run(host, "ip", version, "route", "add", "default", "via", gateway)

    def _remove(self) -> None:
        self.closing.close()
        for host in (self.relay, *self.hosts):
            subprocess.run(["ip", "netns", "del", host.namespace], check=False, timeout=_DEADLINE)


def _set_feature(interface: str, command: int, *, is_on: bool) -> None:
    value = ctypes.create_string_buffer(struct.pack("=II", command, is_on), 8)
    request = struct.pack("@16sP16x", interface.encode(), ctypes.addressof(value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _ETHTOOL, request)


def _nodad(address: str) -> list[str]:
    return ["nodad"] if ":" in address else []


def _enter(namespace: int) -> None:
    try:
        if ctypes.CDLL(None, use_errno=True).setns(namespace, _NETWORK) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    finally:
        os.close(namespace)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_DEADLINE, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
    return done.stdout
