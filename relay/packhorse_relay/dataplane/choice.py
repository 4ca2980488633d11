"""Which data plane a relay uses."""

import logging
from typing import Final

from packhorse.wire.errors import ConfigurationError
from packhorse_relay.dataplane.batched import BatchedPlane
from packhorse_relay.dataplane.contract import DataPlane
from packhorse_relay.dataplane.kernel.plane import BY_ATTACH, KernelPlane
from packhorse_relay.dataplane.kernel.prerequisites import require
from packhorse_relay.dataplane.portable import PortablePlane
from packhorse_relay.dataplane.system import SystemCalls

logger = logging.getLogger(__name__)

AUTO: Final = "auto"
NAMES: Final = (AUTO, PortablePlane.name, BatchedPlane.name, KernelPlane.name)
ATTACH_NAMES: Final = tuple(BY_ATTACH)


def choose(wanted: str, attach: str = "tcx") -> type[DataPlane]:
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
        return BY_ATTACH[attach]
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
