"""Where players find the relay, as far as it can know that itself."""

import ipaddress
from collections.abc import Sequence

from packhorse.aio.interfaces import local_addresses
from packhorse.core.relay_address import DEFAULT_PORT, RelayAddress


def players_address(bind: Sequence[str], port: int) -> str:
    """Return in words what players give to `--relay`.

    Args:
        bind: The addresses that the relay was told to listen on; none for all.
        port: The UDP port that it listens on.
    """
    if bind and not any(_is_unspecified(address) for address in bind):
        return " or ".join(str(RelayAddress(address, port)) for address in bind)
    suffix = "" if port == DEFAULT_PORT else f":{port}"
    words = f"ADDRESS{suffix} with an address of this machine"
    own = own_address()
    return f"{words}; in its own network, {own}{suffix}" if own else words


def own_address() -> str:
    """Return the IPv4 address of this machine that others in its network may reach; or nothing."""
    return next((address for address in local_addresses() if "." in address), "")


def _is_unspecified(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_unspecified
    except ValueError:  # a name
        return False
