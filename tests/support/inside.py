"""Sockets that live in another network namespace."""

import ctypes
import fcntl
import os
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

_NETWORK: Final = 0x40000000  # CLONE_NEWNET
_SIOCETHTOOL: Final = 0x8946
# Set checksum of what is sent, scatter/gather, and all that makes large frames.
_OFFLOADS: Final = {"tx": 0x17, "sg": 0x19, "tso": 0x1F, "gso": 0x24, "gro": 0x2C}


def inside(namespace: str, function: Callable[[], T]) -> T:
    """Return what `function` returns in a namespace; sockets that it opens stay there."""
    results: list[T] = []
    errors: list[BaseException] = []

    def enter() -> None:
        try:
            _enter(namespace)
            results.append(function())
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    thread = threading.Thread(target=enter, name="inside")  # entering concerns one thread
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def udp_socket(namespace: str, host: str = "", port: int = 0) -> socket.socket:
    """Return a bound IPv4 or IPv6 UDP socket in a namespace, with a deadline of 0.3 s."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET

    def open_socket() -> socket.socket:
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.settimeout(0.3)
        sock.bind((host, port))
        return sock

    return inside(namespace, open_socket)


def turn_offloads_off(namespace: str, interface: str) -> None:
    """Let an interface give and take frames as they are on a real line."""

    def turn_off() -> None:
        with socket.socket() as sock:
            for command in _OFFLOADS.values():
                value = ctypes.create_string_buffer(struct.pack("=II", command, 0))
                request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
                fcntl.ioctl(sock, _SIOCETHTOOL, request + bytes(16))

    inside(namespace, turn_off)


def _enter(namespace: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/run/netns", namespace).open() as file:
        if libc.setns(file.fileno(), _NETWORK) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), namespace)
