"""Where the application is that a client's middleman serves: at the newest source it used."""

import ipaddress
from typing import Final

from packhorse.aio.udp import SocketAddress
from packhorse.middleman.notices import TELL_INTERVAL, ApplicationFound, ApplicationsCollide, Notice

_COLLISION_WITHIN: Final = 2.0  # seconds in which two applications answer each other's turn


class ApplicationAddress:
    """Follows an application that starts again from another port.

    Two applications at one port look like one that goes back and forth: that is told apart by
    a return to the address that was just left.
    """

    def __init__(self, bound_to: str) -> None:
        """Wait for the application.

        Args:
            bound_to: Own address literal; when it is of the loopback interface, only
                loopback sources are taken.
        """
        self.current: SocketAddress | None = None
        """Where answers go; None before the application has sent anything."""
        self._is_local = is_loopback(bound_to)
        self._previous: SocketAddress | None = None
        self._moved_at = float("-inf")
        self._told_at = float("-inf")
        self._has_told_collision = False

    def accepts(self, source: SocketAddress) -> bool:
        """Tell whether the application may be at `source`."""
        return not self._is_local or is_loopback(source[0])

    def follow(self, source: SocketAddress, *, now: float) -> Notice | None:
        """Go to another source; return what the user should know of it.

        Args:
            source: Acceptable, and not `current`.
            now: Seconds, monotonic.
        """
        is_return = source == self._previous and now < self._moved_at + _COLLISION_WITHIN
        self._previous, self.current = self.current, source
        self._moved_at = now
        if is_return and self._previous is not None:
            return self._collide(self._previous, source)
        if now < self._told_at + TELL_INTERVAL:
            return None
        self._told_at = now
        return ApplicationFound(source)

    def _collide(self, one: SocketAddress, other: SocketAddress) -> Notice | None:
        if self._has_told_collision:
            return None
        self._has_told_collision = True
        return ApplicationsCollide((one, other))


def is_loopback(host: str) -> bool:
    """Tell whether an address literal is of the loopback interface."""
    return ipaddress.ip_address(host.partition("%")[0]).is_loopback
