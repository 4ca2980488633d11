"""Which data plane a relay uses."""

import logging
from typing import Final

from packhorse.wire.errors import ConfigurationError
from packhorse_relay.dataplane.batched import BatchedPlane
from packhorse_relay.dataplane.contract import DataPlane
from packhorse_relay.dataplane.portable import PortablePlane
from packhorse_relay.dataplane.system import SystemCalls

logger = logging.getLogger(__name__)

AUTO: Final = "auto"
NAMES: Final = (AUTO, PortablePlane.name, BatchedPlane.name)


def choose(wanted: str) -> type[DataPlane]:
    """Return the data plane of this name, or for `auto` the best that works here.

    Raises:
        ConfigurationError: This system cannot run it.
    """
    if wanted == PortablePlane.name:
        return PortablePlane
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
