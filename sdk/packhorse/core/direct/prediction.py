"""Which ports a router is likely to show next, where it counts them up or down."""

from typing import Final

from packhorse.wire.address import MAX_PORT, TransportAddress
from packhorse.wire.constants import PREDICTED_AHEAD, PREDICTED_BEHIND

_MAX_STEP: Final = 64  # ports between two mappings; more is taken for random
LEAST_PORT: Final = 1024  # of a mapping; what lies below is left to programs of the system


def predict_ports(first: TransportAddress, second: TransportAddress) -> list[TransportAddress]:
    """Return addresses that the mappings of an attempt may have got, the likeliest first.

    Args:
        first: What a server saw of one fresh socket.
        second: What it saw of another one, opened right after it.

    Returns:
        Those that follow in steady steps, then those that came right before; nothing where
        the step is no steady one.
    """
    step = second.port - first.port
    if first.host != second.host or not 0 < abs(step) <= _MAX_STEP:
        return []
    ahead = [second.port + step * number for number in range(1, PREDICTED_AHEAD + 1)]
    behind = [first.port - step * number for number in range(1, PREDICTED_BEHIND + 1)]
    usable = [port for port in (*ahead, *behind) if LEAST_PORT <= port <= MAX_PORT]
    return [second._replace(port=port) for port in usable]
