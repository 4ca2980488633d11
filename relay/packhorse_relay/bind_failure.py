"""Why the relay cannot listen, in words."""

import errno
import os

from packhorse_relay.config import RelayConfig


def bind_failure(config: RelayConfig, error: OSError) -> str:
    """Return the error and the advice, a line each.

    Args:
        config: Where the relay was to listen.
        error: What the system said.
    """
    where = (
        f"{', '.join(config.bind)}, port {config.port}" if config.bind else f"port {config.port}"
    )
    advice = (
        "another program may have the port (TCP too, unless --no-websocket is given); "
        f"choose another one with --port{' or --admin' if config.admin else ''}"
    )
    if error.errno == errno.EACCES:
        advice = "ports below 1024 are for the system: choose another one"
    elif config.bind and error.errno != errno.EADDRINUSE:
        advice = "--bind takes an IP address of this machine, without a port; --port sets the port"
    number = error.errno or 0  # below 0: a name was not found
    reason = os.strerror(number) if number > 0 else error.strerror or error
    if config.stun_port > 0:
        where += f", or for --stun-port on {config.stun_port}"
    if config.admin:
        where += f", or for --admin on {config.admin}"
    return f"error: the relay cannot listen on {where}: {reason}\nadvice: {advice}"
