"""Which data plane a relay uses."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Final

from packhorse.wire.errors import ConfigurationError
from packhorse_relay.core.forwarding import ForwardingTable
from packhorse_relay.dataplane.batched import BatchedPlane
from packhorse_relay.dataplane.contract import DataPlane, OnMiss
from packhorse_relay.dataplane.kernel.attachment import WAYS
from packhorse_relay.dataplane.kernel.plane import KernelPlane
from packhorse_relay.dataplane.kernel.prerequisites import require
from packhorse_relay.dataplane.portable import PortablePlane
from packhorse_relay.dataplane.system import SystemCalls

logger = logging.getLogger(__name__)

AUTO: Final = "auto"
NAMES: Final = (AUTO, PortablePlane.name, BatchedPlane.name, KernelPlane.name)
ATTACH_NAMES: Final = tuple(WAYS)
NewPlane = Callable[[ForwardingTable, OnMiss], DataPlane]


def choose(wanted: str, attach: str = "tcx") -> NewPlane:
    """Return the data plane of this name, or for `auto` the best that works here.

    `auto` never is `kernel`, which takes datagrams past the firewall of this machine: who
    set that firewall up must decide so.

    Args:
        wanted: One of `NAMES`.
        attach: One of `ATTACH_NAMES`, for `kernel`.

    Raises:
        ConfigurationError: This system cannot run it.
    """
    if wanted == PortablePlane.name:
        return PortablePlane
    if wanted == KernelPlane.name:
        require(attach)
        return partial(KernelPlane, attach=attach)
    try:
        SystemCalls.of_this_system().try_out()
    except OSError as error:
        if wanted == AUTO:
            logger.info("data plane portable, for batched cannot be had: %s", error)
            return PortablePlane
        problem = f"the data plane {wanted!r} cannot run here: {error}"
        raise ConfigurationError(problem, "use --dataplane auto") from error
    logger.info("data plane %s", BatchedPlane.name)
    return BatchedPlane
