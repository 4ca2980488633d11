"""Giving up what a process may do beyond an ordinary one."""

import ctypes
import os
import struct
from typing import Final

from packhorse.wire.errors import ConfigurationError

_HEADER: Final = struct.Struct("=Ii")  # capset(2), struct __user_cap_header_struct
_VERSION: Final = 0x20080522
_SETS: Final = struct.Struct("=6I")  # effective, permitted, inheritable; twice 32 bits


def drop_capabilities() -> None:
    """Give up all capabilities of this thread and those it starts; they do not come back.

    An open map or link needs none. A process of root still owns root's files.

    Raises:
        ConfigurationError: The system refuses.
    """
    header, sets = _HEADER.pack(_VERSION, 0), _SETS.pack(*[0] * 6)
    if ctypes.CDLL(None, use_errno=True).capset(header, sets) != 0:
        why = os.strerror(ctypes.get_errno())
        problem = f"the relay cannot give up its capabilities: {why}"
        raise ConfigurationError(problem, "let it call capset(2): SystemCallFilter=bpf capset")
