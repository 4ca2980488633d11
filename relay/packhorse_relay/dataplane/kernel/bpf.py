"""bpf(2): maps, programs and links, without libbpf.

Source: linux/bpf.h, `union bpf_attr`.
"""

import ctypes
import os
import platform
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Final, NoReturn

_SYSTEM_CALL: Final = {"x86_64": 321, "aarch64": 280, "riscv64": 280}
_ATTRIBUTES_SIZE: Final = 128  # bytes; more than any command below takes
_LICENSE: Final = b"Dual MIT/GPL"
_NAME: Final = b"packhorse".ljust(16, b"\0")
_LOG_SIZE: Final = 1 << 16  # bytes
_LOG_LINES: Final = 3  # that the reason of a refusal takes

_CREATE_MAP: Final = struct.Struct("=7I16s")
_ELEMENT: Final = struct.Struct("=I4xQQQ")
_BATCH: Final = struct.Struct("=QQQQIIQQ")
_LOAD: Final = struct.Struct("=IIQQIIQII16sII")
_LINK: Final = struct.Struct("=IIII")


class _Command(IntEnum):
    MAP_CREATE = 0
    MAP_LOOK_UP = 1
    MAP_UPDATE = 2
    MAP_DELETE = 3
    PROGRAM_LOAD = 5
    MAP_DELETE_BATCH = 27
    LINK_CREATE = 28


class MapKind(IntEnum):
    """Kinds of maps."""

    HASH = 1
    ARRAY = 2
    ARRAY_PER_CPU = 6


class MapFlags(IntEnum):
    """How a map is made."""

    NOTHING = 0
    GROWS = 1  # BPF_F_NO_PREALLOC
    MAPPABLE = 1 << 10  # BPF_F_MMAPABLE


class ProgramKind(IntEnum):
    """Kinds of programs."""

    TRAFFIC_CONTROL = 3
    XDP = 6


class Hook(IntEnum):
    """Where a program runs."""

    XDP = 37
    TCX_INGRESS = 46


@dataclass(frozen=True, slots=True)
class Map:
    """A table that programs and user space share."""

    fd: int
    value_size: int

    def update(self, key: bytes, value: bytes) -> None:
        """Set the value of a key.

        Raises:
            OSError: The map is full.
        """
        self._call(_Command.MAP_UPDATE, key, value)

    def delete(self, key: bytes) -> None:
        """Remove a key.

        Raises:
            FileNotFoundError: It is not there.
        """
        self._call(_Command.MAP_DELETE, key, b"")

    def delete_all(self, keys: Sequence[bytes]) -> None:
        """Remove several keys by one system call.

        Raises:
            FileNotFoundError: One is not there; those after it stay.
        """
        if keys:
            memory = _memory(b"".join(keys))
            attributes = _BATCH.pack(0, 0, ctypes.addressof(memory), 0, len(keys), self.fd, 0, 0)
            _bpf(_Command.MAP_DELETE_BATCH, attributes)

    def look_up(self, key: bytes) -> bytes:
        """Return the value of a key; of a map per processor, all their values.

        Raises:
            FileNotFoundError: It is not there.
        """
        return self._call(_Command.MAP_LOOK_UP, key, bytes(self.value_size))

    def _call(self, command: _Command, key: bytes, value: bytes) -> bytes:
        key_memory, value_memory = _memory(key), _memory(value)
        value_at = ctypes.addressof(value_memory) if value else 0
        _bpf(command, _ELEMENT.pack(self.fd, ctypes.addressof(key_memory), value_at, 0))
        return value_memory.raw


def create_map(
    kind: MapKind, key_size: int, value_size: int, count: int, flags: MapFlags = MapFlags.NOTHING
) -> Map:
    """Make a map for `count` keys; all sizes in bytes.

    Raises:
        OSError: The kernel refuses.
    """
    fd = _bpf(
        _Command.MAP_CREATE,
        _CREATE_MAP.pack(kind, key_size, value_size, count, flags, 0, 0, _NAME),
    )
    processors = _possible_processors() if kind is MapKind.ARRAY_PER_CPU else 1
    return Map(fd, value_size * processors)


def load_program(kind: ProgramKind, instructions: bytes, hook: Hook) -> int:
    """Hand a program to the kernel; returns its file descriptor.

    Raises:
        OSError: The kernel refuses; with the last lines of the verifier, where it was that.
    """
    code, terms, log = _memory(instructions), _memory(_LICENSE), _memory(bytes(_LOG_SIZE))

    def attributes(level: int) -> bytes:
        return _LOAD.pack(
            kind,
            len(instructions) // 8,
            ctypes.addressof(code),
            ctypes.addressof(terms),
            level,
            _LOG_SIZE if level else 0,
            ctypes.addressof(log) if level else 0,
            0,
            0,
            _NAME,
            0,
            hook,
        )

    try:
        return _bpf(_Command.PROGRAM_LOAD, attributes(0))
    except PermissionError:
        raise
    except OSError:
        return _load_to_say_why(attributes(1), log)


def create_link(program: int, interface: int, hook: Hook, flags: int = 0) -> int:
    """Run a program for what an interface receives, until the link that is returned is closed.

    Raises:
        OSError: The kernel refuses.
    """
    return _bpf(_Command.LINK_CREATE, _LINK.pack(program, interface, hook, flags))


def is_known_machine() -> bool:
    """Tell whether the number of the system call is known here."""
    return platform.machine() in _SYSTEM_CALL


def _load_to_say_why(attributes: bytes, log: "ctypes.Array[ctypes.c_char]") -> int:
    try:
        return _bpf(_Command.PROGRAM_LOAD, attributes)
    except OSError as error:
        lines = log.value.decode(errors="replace").splitlines()[-_LOG_LINES:]
        raise OSError(error.errno, "; ".join([error.strerror or "", *lines])) from None


def _bpf(command: _Command, attributes: bytes) -> int:
    memory = _memory(attributes.ljust(_ATTRIBUTES_SIZE, b"\0"))
    number = ctypes.c_long(_SYSTEM_CALL[platform.machine()])
    size = ctypes.c_uint(len(attributes))
    done: int = _library().syscall(number, ctypes.c_int(command), memory, size)
    return done if done >= 0 else _fail()


def _fail() -> NoReturn:
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number))


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _memory(content: bytes) -> "ctypes.Array[ctypes.c_char]":
    return ctypes.create_string_buffer(content, len(content))


def _possible_processors() -> int:
    """Return how many values a map per processor has."""
    with open("/sys/devices/system/cpu/possible", encoding="ascii") as file:  # noqa: PTH123
        last = file.read().strip().rpartition("-")[2]
    return int(last.rpartition(",")[2]) + 1
