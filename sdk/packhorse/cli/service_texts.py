"""The services of a middleman in words, and as fields for scripts."""

from collections.abc import Sequence
from typing import NamedTuple

from packhorse.aio.room import Room
from packhorse.aio.udp import SocketAddress
from packhorse.cli.texts import Json
from packhorse.core.events import Path
from packhorse.middleman.endpoint import LOOPBACK, show_address
from packhorse.middleman.room_face import RoomFace


def over(room: RoomFace) -> str:
    """Return how a room is reached where that is worth telling, as part of a sentence."""
    is_websocket = isinstance(room, Room) and room.path is Path.RELAY_WEBSOCKET
    return " over WebSocket" if is_websocket else ""


class ServiceAddresses(NamedTuple):
    """Where applications are, or where they find us, in the order of their options."""

    udp: Sequence[SocketAddress]
    tcp: Sequence[SocketAddress]

    @property
    def ports(self) -> "ServiceAddresses":
        """The same ports on this machine."""
        return ServiceAddresses(
            [(LOOPBACK, port) for _, port in self.udp], [(LOOPBACK, port) for _, port in self.tcp]
        )

    @property
    def options(self) -> str:
        """The options of `packhorse join` that take the same ports."""
        options = [f"--udp {port}" for _, port in self.udp]
        return " ".join(options + [f"--tcp {port}" for _, port in self.tcp])

    def __str__(self) -> str:
        """Return all addresses; each with its protocol unless one that uses UDP is alone."""
        if len(self.udp) == 1 and not self.tcp:
            return show_address(self.udp[0])
        shown = [f"{show_address(address)} (UDP)" for address in self.udp]
        shown += [f"{show_address(address)} (TCP)" for address in self.tcp]
        *others, last = shown
        return f"{', '.join(others)} and {last}" if others else last

    @property
    def meaning(self) -> str:
        """What they are, one or several."""
        is_one = len(self.udp) + len(self.tcp) == 1
        return f"the game server at {self}" if is_one else f"the servers at {self}"

    def fields(self) -> dict[str, Json]:
        """Return `services`, when there is more than one."""
        services: list[Json] = [
            {"protocol": protocol, "address": show_address(address), "port": address[1]}
            for protocol, addresses in zip(("udp", "tcp"), self, strict=True)
            for address in addresses
        ]
        return {"services": services} if len(services) > 1 else {}
