"""The eBPF programs of the relay, run by the kernel over packets that a test hands it."""

import ctypes
import os
import struct
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from packhorse.aio.udp import SocketAddress
from packhorse_relay.dataplane.kernel import bpf
from packhorse_relay.dataplane.kernel.attachment import WAYS, load
from packhorse_relay.dataplane.kernel.tables import Tables

RELAY_PORT: Final = 6969
RELAY_V4: Final = "192.0.2.1"
RELAY_V6: Final = "2001:db8:ffff::1"
LISTENERS: Final = ((RELAY_V4, 0), (RELAY_V6, 1))
SENT: Final = {"tcx": {7}, "xdp": {3, 4}}
"""TC_ACT_REDIRECT of linux/pkt_cls.h; XDP_TX and XDP_REDIRECT of linux/bpf.h."""
PASSED: Final = {"tcx": 0xFFFFFFFF, "xdp": 2}
_TEST_RUN: Final = 10
_ATTRIBUTES: Final = struct.Struct("=IIIIQQII4x4xQQIII4x")
_RESULT: Final = struct.Struct("=4xI4xI16xII")


class Outcome(NamedTuple):
    """What the program made of a packet."""

    was_sent: bool
    frame: bytes
    nanoseconds: int
    """Of one run, on average."""


@dataclass(slots=True)
class LoadedProgram:
    """A program and its tables; a context manager."""

    way: str
    """`tcx` or `xdp`."""
    tables: Tables
    fd: int
    _stack: ExitStack

    @classmethod
    def load(cls, way: str) -> Self:
        """Load it, with the addresses of `LISTENERS`."""
        with ExitStack() as stack:
            tables = Tables()
            stack.callback(tables.close)
            fd = load(WAYS[way], tables.by_name)
            stack.callback(os.close, fd)
            tables.set_port(RELAY_PORT)
            tables.set_own_addresses(LISTENERS)
            return cls(way, tables, fd, stack.pop_all())
        raise AssertionError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._stack.close()

    def run(self, frame: bytes, *, repeat: int = 1) -> Outcome:
        """Run it over a packet that comes in by the loopback interface."""
        result, frame, nanoseconds = _test_run(self.fd, frame, repeat)
        was_sent = result in SENT[self.way]
        assert was_sent or result == PASSED[self.way], result
        return Outcome(was_sent, frame, nanoseconds)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the tables."""

    index: int
    address: SocketAddress
    tag: int

    def enter(self, tables: Tables, listener: int) -> None:
        """Let the program learn the way."""
        tables.add_member(self.index, self.address, self.tag, listener)


def _test_run(program: int, frame: bytes, repeat: int) -> tuple[int, bytes, int]:
    source = ctypes.create_string_buffer(frame, len(frame))
    target = ctypes.create_string_buffer(len(frame) + 256)
    places = ctypes.addressof(source), ctypes.addressof(target)
    attributes = ctypes.create_string_buffer(
        _ATTRIBUTES.pack(program, 0, len(frame), len(target), *places, repeat, 0, 0, 0, 0, 0, 0),
        128,
    )
    number = ctypes.c_long(bpf._SYSTEM_CALL[os.uname().machine])
    size = ctypes.c_uint(_ATTRIBUTES.size)
    done = bpf._library().syscall(number, ctypes.c_int(_TEST_RUN), attributes, size)
    if done < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    result, length, _, nanoseconds = _RESULT.unpack_from(attributes)
    return result, target.raw[:length], nanoseconds
