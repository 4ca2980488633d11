"""Who is at the other end of a connection that came through reverse proxies."""

import ipaddress
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

_MAX_HOPS = 16  # that are looked at


def client_host(peer: str, forwarded_for: Sequence[str], trusted: AbstractSet[str]) -> str:
    """Return the IP address of the client (SPEC.md WS-7).

    Each proxy appends the address that it was called from. So the last address that was
    not appended by a trusted proxy, or is not one itself, is all that can be believed.

    Args:
        peer: Where the TCP connection comes from.
        forwarded_for: All values of `X-Forwarded-For`, in their order.
        trusted: Addresses of proxies, as `canonical_host` writes them.
    """
    hops = [hop for value in forwarded_for for hop in value.split(",")][-_MAX_HOPS:]
    client = canonical_host(peer) or peer
    while client in trusted and hops:
        hop = canonical_host(hops.pop())
        if hop is None:
            break
        client = hop
    return client


def canonical_host(text: str) -> str | None:
    """Return an IP address in the one form that it has here, or None when it is none."""
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
