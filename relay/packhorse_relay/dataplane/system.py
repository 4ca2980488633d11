"""The two system calls of Linux that receive and send many datagrams at once."""

import ctypes
import errno
import os
import socket
import sys
from dataclasses import dataclass
from typing import Final, Protocol, Self

from packhorse.aio.segmentation import UDP_SEGMENT
from packhorse_relay.dataplane.memory import ReceiveBatch, UnicastBatch
from packhorse_relay.dataplane.message_layout import NATIVE
from packhorse_relay.dataplane.socket_address import encode_address

_DONT_WAIT: Final = 0x40  # MSG_DONTWAIT of linux/socket.h
_TRIAL: Final = b"packhorse"


class Receive(Protocol):
    """recvmmsg(2)."""

    def __call__(self, fd: int, messages: int, count: int, /) -> int:
        """Receive without waiting; returns how many messages, or -errno."""


class Send(Protocol):
    """sendmmsg(2)."""

    def __call__(self, fd: int, messages: int, count: int, /) -> int:
        """Send; returns how many messages, or -errno when the first was refused."""


@dataclass(frozen=True, slots=True)
class SystemCalls:
    """What a data plane calls; tests put a kernel of their own here."""

    receive: Receive
    send: Send

    @classmethod
    def of_this_system(cls) -> Self:
        """Return those of the C library.

        Raises:
            OSError: There are none.
        """
        if sys.platform != "linux":
            raise OSError(errno.ENOSYS, "it needs Linux")
        library = ctypes.CDLL(None, use_errno=True)
        try:
            receive, send = library.recvmmsg, library.sendmmsg
        except AttributeError as error:
            raise OSError(errno.ENOSYS, "the C library has no recvmmsg or sendmmsg") from error
        pointer, number = ctypes.c_void_p, ctypes.c_uint
        receive.argtypes = [ctypes.c_int, pointer, number, ctypes.c_int, pointer]
        send.argtypes = [ctypes.c_int, pointer, number, ctypes.c_int]

        def receive_now(fd: int, messages: int, count: int, /) -> int:
            done: int = receive(fd, messages, count, _DONT_WAIT, None)
            return done if done >= 0 else -ctypes.get_errno()

        def send_now(fd: int, messages: int, count: int, /) -> int:
            done: int = send(fd, messages, count, _DONT_WAIT)
            return done if done >= 0 else -ctypes.get_errno()

        return cls(receive_now, send_now)

    def try_out(self) -> None:
        """Send a datagram to ourselves and receive it.

        Raises:
            OSError: It cannot be done: a sandbox forbids it, or the layout is another.
        """
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            name = encode_address(sock.getsockname(), socket.AF_INET)
            outgoing, incoming = UnicastBatch(NATIVE, len(name), 1), ReceiveBatch(NATIVE, name, 1)
            outgoing.write_copy(name, _TRIAL)
            _check(self.send(sock.fileno(), outgoing.messages, 1))
            _check(self.receive(sock.fileno(), incoming.messages, 1))
            if incoming.datagram(0) != _TRIAL or incoming.name(0) != name:
                raise OSError(errno.EPROTO, "a datagram to ourselves came back otherwise")


def can_segment(sock: socket.socket) -> bool:
    """Tell whether the kernel cuts one long send into many datagrams (Linux 4.18)."""
    try:
        sock.getsockopt(socket.IPPROTO_UDP, UDP_SEGMENT)
    except OSError:
        return False
    return True


def _check(done: int) -> None:
    if done != 1:
        raise OSError(-done, os.strerror(-done) if done else "no datagram came")
