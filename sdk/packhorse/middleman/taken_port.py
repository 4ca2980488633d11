"""Why a port cannot be had, in words."""

import errno
import os
from typing import Final

from packhorse.wire.errors import ConfigurationError

_RESERVED: Final = "ports below 1024 are for the system: name another one with --{0}"
_TAKEN: Final = "close the program that has it or name another one with --{0}"


def port_error(protocol: str, host: str, port: int, error: OSError) -> ConfigurationError:
    """Return the error of a service whose port cannot be had.

    Args:
        protocol: "udp" or "tcp", as its option is called.
        host: Address that was asked for.
        port: Port that was asked for.
        error: What the system said.
    """
    number = error.errno or 0
    reason = os.strerror(number) if number > 0 else error.strerror or error
    problem = f"{protocol.upper()} port {port} of {host} cannot be had: {reason}"
    advice = _RESERVED if number == errno.EACCES else _TAKEN
    return ConfigurationError(
        problem, f"{advice.format(protocol)}; --{protocol} 0 takes a free port"
    )
