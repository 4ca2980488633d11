"""recvmmsg and sendmmsg over queues, reading the very structures that Linux would read.

The structures are declared here once more, by what the manual pages say, so that a wrong
offset of the product shows.
"""

import ctypes
import errno
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from packhorse.wire.address import TransportAddress
from packhorse_relay.dataplane.system import SystemCalls
from tests.support.relay_harness import Sent

UDP_SEGMENT: Final = 103
SOL_UDP: Final = 17


class Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("len", ctypes.c_size_t))


class Msghdr(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("namelen", ctypes.c_uint32),
        ("iov", ctypes.POINTER(Iovec)),
        ("iovlen", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("controllen", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class Mmsghdr(ctypes.Structure):
    _fields_ = (("hdr", Msghdr), ("len", ctypes.c_uint))


class Cmsghdr(ctypes.Structure):
    _fields_ = (("len", ctypes.c_size_t), ("level", ctypes.c_int), ("type", ctypes.c_int))


class FakeSocket:
    """A bound socket; the kernel finds its datagrams by the number."""

    def __init__(self, number: int, family: socket.AddressFamily, *, can_segment: bool) -> None:
        self.number = number
        self.family = family
        self.can_segment = can_segment

    def fileno(self) -> int:
        return self.number

    def getsockopt(self, level: int, option: int) -> int:
        if not self.can_segment or (level, option) != (SOL_UDP, UDP_SEGMENT):
            raise OSError(errno.ENOPROTOOPT, "unknown option")
        return 0


@dataclass
class FakeKernel:
    """Sockets by number: what waits for them, and what was sent by any."""

    sent: list[Sent] = field(default_factory=list)
    """Each with the number of the socket as its listener."""
    waiting: dict[int, deque[Sent]] = field(default_factory=dict)
    """Datagrams and their sources, by socket."""
    refused: set[tuple[str, int]] = field(default_factory=set)
    """Host and port to which nothing can be sent."""
    segment_error: int = 0
    """What a message for segmentation fails with, if not 0."""
    most: int = 1024
    """Messages that one call sends."""
    calls: int = 0

    def system_calls(self) -> SystemCalls:
        return SystemCalls(self.receive, self.send)

    def receive(self, fd: int, messages: int, count: int, /) -> int:
        self.calls += 1
        waiting = self.waiting.setdefault(fd, deque())
        if not waiting:
            return -errno.EAGAIN
        filled = min(count, len(waiting))
        for message in _messages(messages, filled):
            _fill(message, waiting.popleft())
        return filled

    def send(self, fd: int, messages: int, count: int, /) -> int:
        self.calls += 1
        for done, message in enumerate(_messages(messages, min(count, self.most))):
            error = self._send_one(fd, message.hdr)
            if error:
                return done or -error
            message.len = sum(message.hdr.iov[i].len for i in range(message.hdr.iovlen))
        return min(count, self.most)

    def _send_one(self, fd: int, header: Msghdr) -> int:
        host, port = _decode(ctypes.string_at(header.name, header.namelen))
        vectors = [header.iov[i] for i in range(header.iovlen)]
        data = b"".join(ctypes.string_at(each.base, each.len) for each in vectors)
        size = _segment_size(header) or len(data)
        if size != len(data) and self.segment_error:
            return self.segment_error
        if (host, port) in self.refused:
            return errno.EPERM
        assert len(data) <= 65_507
        assert len(data) <= 64 * size
        address = TransportAddress(host, port, fd)
        self.sent += [Sent(data[at : at + size], address) for at in range(0, len(data), size)]
        return 0


def _messages(address: int, count: int) -> Any:
    return (Mmsghdr * count).from_address(address)


def _fill(message: Mmsghdr, datagram: Sent) -> None:
    assert message.hdr.iovlen == 1
    assert message.hdr.controllen == 0
    name = _encode(datagram.address)
    assert message.hdr.namelen == len(name)
    ctypes.memmove(message.hdr.name, name, len(name))
    vector = message.hdr.iov[0]
    message.len = min(vector.len, len(datagram.data))
    ctypes.memmove(vector.base, datagram.data, message.len)


def _segment_size(header: Msghdr) -> int:
    if not header.controllen:
        return 0
    control = Cmsghdr.from_address(header.control)
    assert (control.level, control.type) == (SOL_UDP, UDP_SEGMENT)
    assert control.len == ctypes.sizeof(Cmsghdr) + 2 <= header.controllen
    size: int = ctypes.c_uint16.from_address(header.control + ctypes.sizeof(Cmsghdr)).value
    return size


def _encode(address: TransportAddress) -> bytes:
    if ":" in address.host:
        host = socket.inet_pton(socket.AF_INET6, address.host)
        port = address.port.to_bytes(2, "big")
        return struct.pack("=H2s4x16s4x", socket.AF_INET6, port, host)
    host = socket.inet_aton(address.host)
    return struct.pack("=H2s4s8x", socket.AF_INET, address.port.to_bytes(2, "big"), host)


def _decode(name: bytes) -> tuple[str, int]:
    (family,) = struct.unpack_from("=H", name)
    port = int.from_bytes(name[2:4], "big")
    if family == socket.AF_INET:
        assert len(name) == 16
        return socket.inet_ntoa(name[4:8]), port
    assert (family, len(name)) == (socket.AF_INET6, 28)
    return socket.inet_ntop(socket.AF_INET6, name[8:24]), port
