"""Requests to join about which the host decides: each is told once."""

from collections import OrderedDict
from typing import Final

_REMEMBERED: Final = 64  # requests; more than can wait at once


class JoinRequests:
    """Remembers which requests were told; the relay repeats them while they wait."""

    def __init__(self) -> None:
        self._told: OrderedDict[int, None] = OrderedDict()

    def is_new(self, request: int) -> bool:
        """Tell whether a request is heard of for the first time."""
        if request in self._told:
            return False
        self._told[request] = None
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        return True
