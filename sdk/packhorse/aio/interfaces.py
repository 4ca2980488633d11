"""Addresses of this machine."""

import ipaddress
from typing import Final

import ifaddr

_MOST: Final = 8  # addresses of a family; machines with containers have dozens


def local_addresses() -> list[str]:
    """Return IPv6 and IPv4 address literals that another machine may reach, IPv6 first.

    Loopback and link-local addresses are left out, and so are all but the first 8 of a family.
    """
    found: dict[int, list[str]] = {6: [], 4: []}
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            address = ipaddress.ip_address(ip.ip if isinstance(ip.ip, str) else ip.ip[0])
            if not (address.is_loopback or address.is_link_local):
                found[address.version].append(str(address))
    return found[6][:_MOST] + found[4][:_MOST]
