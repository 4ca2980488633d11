"""Whether this system can run the data plane `kernel`, and if not, why."""

import errno
import os
import platform
import struct
import sys
from typing import Final

from packhorse.wire.errors import ConfigurationError
from packhorse_relay.dataplane.kernel import bpf
from packhorse_relay.dataplane.kernel.attachment import WAYS, load
from packhorse_relay.dataplane.kernel.tables import Tables

CAPABILITIES: Final = "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"
_OTHERWISE: Final = "use --dataplane auto"
_POINTER: Final = 8  # bytes


def require(attach: str) -> None:
    """See that the program can be loaded.

    Raises:
        ConfigurationError: It cannot; the problem says why.
    """
    if problem := _why_not(attach):
        raise _cannot(problem, _OTHERWISE)
    try:
        tables = Tables()
        try:
            os.close(load(WAYS[attach], tables.by_name))
        finally:
            tables.close()
    except PermissionError as error:
        raise _cannot(f"it needs {CAPABILITIES}, or root", _advice_without_right()) from error
    except OSError as error:
        if error.errno == errno.ENOSYS:
            raise _cannot("this kernel has no bpf(2)", _OTHERWISE) from error
        raise _cannot(f"the kernel refuses the program: {error.strerror}", _OTHERWISE) from error


def cannot_attach(attach: str) -> ConfigurationError:
    """Return the error for a program that no interface takes."""
    other = "" if attach == "tcx" else "try --set kernel_attach=tcx, or "
    problem = f"no interface with an address of the relay takes a program by {attach}"
    return _cannot(problem, f"{other}{_OTHERWISE}; --set log_level=info says why")


def _why_not(attach: str) -> str:
    if sys.platform != "linux":
        return "it needs Linux"
    if struct.calcsize("P") != _POINTER or sys.byteorder != "little":
        return "it needs a 64-bit little-endian system"
    if not bpf.is_known_machine():
        return f"it does not know the machine {platform.machine()}"
    since, release = WAYS[attach].since, platform.release()
    if _version(release) < since:
        return f"{attach} needs Linux {since[0]}.{since[1]}, this is {release}"
    return ""


def _advice_without_right() -> str:
    return (
        "give the service these capabilities (docs/running-a-relay.md, Data planes), see that"
        " neither seccomp nor lockdown forbids bpf(2), or " + _OTHERWISE
    )


def _cannot(problem: str, advice: str) -> ConfigurationError:
    return ConfigurationError(f"the data plane 'kernel' cannot run here: {problem}", advice)


def _version(release: str) -> tuple[int, int]:
    """Return the first two numbers of a release such as `6.6.1-rpi`; (0, 0) for others."""
    major, _, rest = release.partition(".")
    minor = rest.partition(".")[0].partition("-")[0]
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else (0, 0)
