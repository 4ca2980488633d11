"""Has a gateway forward a port by UPnP IGD, with async-upnp-client (`packhorse[upnp]`)."""

import asyncio
import importlib
import importlib.util
import ipaddress
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from packhorse.core.direct.port_mapper import LIFETIME, is_inside
from packhorse.wire.address import TransportAddress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from async_upnp_client.profiles.igd import IgdDevice

_SEARCH: Final = 2  # seconds
_ANSWER: Final = 2  # seconds for each request
_REMOVAL: Final = 1.0  # seconds that the end waits for
_GATEWAY: Final = "urn:schemas-upnp-org:device:InternetGatewayDevice:1"
_ANYBODY: Final = ipaddress.IPv4Address(0)
_NAME: Final = "Packhorse"


def has_upnp() -> bool:
    """Tell whether the extra is installed."""
    return importlib.util.find_spec("async_upnp_client") is not None


def _load() -> None:
    """Import what takes half a second, which the event loop cannot spare."""
    for name in ("aiohttp", "client_factory", "profiles.igd", "search"):
        importlib.import_module(f"async_upnp_client.{name}")


class UpnpPort:
    """One UDP port that a gateway forwards while `run` runs."""

    def __init__(self, own: str, gateway: str, port: int) -> None:
        """Ask nothing yet.

        Args:
            own: IPv4 address of this machine towards the gateway.
            gateway: The only host whose description is read: anybody may answer a search.
            port: Own UDP port.
        """
        self._own = own
        self._gateway = gateway
        self._port = port
        self.is_forwarded = False
        """The gateway has said yes."""
        self.address: TransportAddress | None = None
        """Where the gateway takes in what it forwards; None without a public address."""

    async def run(self, on_changed: Callable[[], None]) -> None:
        """Have the port forwarded, and renew that; cancelled, it takes the mapping away.

        Args:
            on_changed: Called when `address` has changed, and when there is no gateway.
        """
        await asyncio.to_thread(_load)
        from async_upnp_client.exceptions import UpnpError  # noqa: PLC0415 - an extra

        device: IgdDevice | None = None
        try:
            with suppress(UpnpError, OSError, ValueError):  # TimeoutError is an OSError
                device = await self._find()
                while device is not None:
                    await self._forward(device)
                    on_changed()
                    await asyncio.sleep(LIFETIME / 2)
            self.address = None
            on_changed()
        finally:
            if device is not None and self.is_forwarded:
                with suppress(UpnpError, OSError):
                    async with asyncio.timeout(_REMOVAL):
                        await device.async_delete_port_mapping(_ANYBODY, self._port, "UDP")

    async def _find(self) -> "IgdDevice | None":
        """Return the gateway, if it speaks UPnP."""
        from async_upnp_client.aiohttp import AiohttpRequester  # noqa: PLC0415
        from async_upnp_client.client_factory import UpnpFactory  # noqa: PLC0415
        from async_upnp_client.profiles.igd import IgdDevice  # noqa: PLC0415
        from async_upnp_client.search import async_search  # noqa: PLC0415

        found: list[str] = []

        async def note(headers: "Mapping[str, str]") -> None:
            location = headers.get("location", "")
            if urlsplit(location).hostname == self._gateway:
                found.append(location)

        await async_search(note, timeout=_SEARCH, search_target=_GATEWAY, source=(self._own, 0))
        if not found:
            return None
        factory = UpnpFactory(AiohttpRequester(timeout=_ANSWER), non_strict=True)
        return IgdDevice(await factory.async_create_device(found[0]), None)

    async def _forward(self, device: "IgdDevice") -> None:
        """Ask for the own port; a lease that never ends is not asked for."""
        await device.async_add_port_mapping(
            remote_host=_ANYBODY,
            external_port=self._port,
            protocol="UDP",
            internal_port=self._port,
            internal_client=ipaddress.IPv4Address(self._own),
            enabled=True,
            description=_NAME,
            lease_duration=timedelta(seconds=LIFETIME),
        )
        self.is_forwarded = True
        host = await device.async_get_external_ip_address()
        is_public = host is not None and not is_inside(host)
        self.address = TransportAddress(host, self._port) if host and is_public else None
