"""Sockets that live in another network namespace."""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_NETWORK: Final = 0x40000000  # CLONE_NEWNET of linux/sched.h
_ETHTOOL: Final = 0x8946  # SIOCETHTOOL of linux/sockios.h
SEND_CHECKSUMS: Final = 0x17  # ETHTOOL_STXCSUM of linux/ethtool.h
RECEIVE_OFFLOAD: Final = 0x2C  # ETHTOOL_SGRO; makes the peer of a veth take XDP's packets
# Checksums of what is sent, scatter/gather, and all that makes large frames.
_OFFLOADS: Final = (SEND_CHECKSUMS, 0x19, 0x1F, 0x24, RECEIVE_OFFLOAD)


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Let this thread be in a namespace; sockets that it opens stay there."""
    with Path("/proc/thread-self/ns/net").open() as home:
        with Path("/run/netns", namespace).open() as there:
            _enter(there)
        try:
            yield
        finally:
            _enter(home)


def udp_socket(namespace: str, host: str = "", port: int = 0) -> socket.socket:
    """Return a bound IPv4 or IPv6 UDP socket in a namespace, with a deadline of 0.3 s."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with inside(namespace):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.settimeout(0.3)
        sock.bind((host, port))
    return sock


def turn_offloads_off(namespace: str, interface: str) -> None:
    """Let an interface give and take frames as they are on a real line."""
    with inside(namespace):
        for feature in _OFFLOADS:
            set_feature(interface, feature, is_on=False)


def set_feature(interface: str, feature: int, *, is_on: bool) -> None:
    """Turn a feature of an interface in this thread's namespace on or off."""
    value = ctypes.create_string_buffer(struct.pack("=II", feature, is_on), 8)
    request = struct.pack("@16sP16x", interface.encode(), ctypes.addressof(value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _ETHTOOL, request)


def _enter(namespace: IO[str]) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _NETWORK) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), namespace.name)
