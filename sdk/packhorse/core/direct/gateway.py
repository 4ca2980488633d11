"""Finds the default gateway in what the system tells about its routes."""

import ipaddress
from typing import Final

_GATEWAY_FLAG: Final = 0x2  # RTF_GATEWAY of Linux
_PROC_FIELDS: Final = 7  # up to the metric
_DEFAULTS: Final = frozenset({"default", "0.0.0.0", "0.0.0.0/0"})  # noqa: S104 - a destination


def gateway_of_proc(text: str) -> str | None:
    """Return the IPv4 gateway with the lowest metric in `/proc/net/route`, or None."""
    found: list[tuple[int, str]] = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < _PROC_FIELDS or int(fields[1], 16):
            continue
        if int(fields[3], 16) & _GATEWAY_FLAG:
            host = ipaddress.ip_address(bytes.fromhex(fields[2])[::-1])
            found.append((int(fields[6]), str(host)))
    return min(found)[1] if found else None


def gateway_of_netstat(text: str) -> str | None:
    """Return the first IPv4 gateway in what `netstat -rn` prints on macOS and Windows, or None."""
    for line in text.splitlines():
        fields = line.split()
        if fields and fields[0] in _DEFAULTS:
            for field in fields[1:]:
                if _is_host(field):
                    return field
    return None


def _is_host(text: str) -> bool:
    try:
        return not ipaddress.IPv4Address(text).is_unspecified
    except ValueError:
        return False
