"""The program, loaded and run for what some interfaces receive."""

import logging
import os
import socket
import struct
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from packhorse_relay.dataplane.kernel import bpf, program
from packhorse_relay.dataplane.kernel.bpf import Hook, Map, ProgramKind
from packhorse_relay.dataplane.kernel.interfaces import why_unsuitable

logger = logging.getLogger(__name__)

_INSTRUCTION: Final = 8  # bytes
_MAP_BY_FD: Final = 1 << 4  # BPF_PSEUDO_MAP_FD as the source register
_VALUE: Final = struct.Struct("=i")
_VALUE_AT: Final = 4


class Way(NamedTuple):
    """How a program comes into the path of what is received."""

    program: program.Program
    kind: ProgramKind
    hook: Hook
    flags: int
    since: tuple[int, int]
    """Version of Linux."""


WAYS: Final = {
    "tcx": Way(program.TC, ProgramKind.TRAFFIC_CONTROL, Hook.TCX_INGRESS, 0, (6, 6)),
    "xdp": Way(program.XDP, ProgramKind.XDP, Hook.XDP, 4, (5, 19)),
    "xdp-generic": Way(program.XDP, ProgramKind.XDP, Hook.XDP, 2, (5, 19)),
}
"""By the names of the option. XDP links are there since 5.9, and since 5.19 whoever has a map
may use it without a capability. Flags: linux/if_link.h, XDP_FLAGS_DRV_MODE and SKB_MODE."""


def load(way: Way, maps: Mapping[str, Map]) -> int:
    """Load the program with these maps; returns its file descriptor.

    Raises:
        OSError: The kernel refuses.
    """
    code = bytearray(way.program.code)
    for number, name in way.program.maps.items():
        at = number * _INSTRUCTION
        code[at + 1] = code[at + 1] & 0x0F | _MAP_BY_FD
        _VALUE.pack_into(code, at + _VALUE_AT, maps[name].fd)
    return bpf.load_program(way.kind, bytes(code), way.hook)


class Attachment:
    """Links of a program to interfaces; the kernel removes them when the process ends."""

    def __init__(self, way: Way, program_fd: int) -> None:
        """Link nothing yet; the program belongs to this object."""
        self._way = way
        self._program = program_fd
        self._links: list[int] = []

    def attach(self, interfaces: Iterable[str]) -> list[str]:
        """Link the program to interfaces; returns those where that was possible."""
        done = list[str]()
        for name in interfaces:
            if why := self._try(name):
                logger.info("data plane kernel: not on interface %s: %s", name, why)
            else:
                done.append(name)
        return done

    def close(self) -> None:
        """Take the program away."""
        for link in self._links:
            os.close(link)
        self._links = []
        with suppress(OSError):
            os.close(self._program)

    def _try(self, name: str) -> str:
        if why := why_unsuitable(name):
            return why
        try:
            index = socket.if_nametoindex(name)
            link = bpf.create_link(self._program, index, self._way.hook, self._way.flags)
        except OSError as error:
            return str(error.strerror)
        self._links.append(link)
        return ""
