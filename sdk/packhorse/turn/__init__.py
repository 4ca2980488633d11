"""TURN: pipes through somebody else's server; needs the extra `packhorse[turn]`.

async with packhorse.turn.allocate("turn.example", "user", "password") as allocation:
pipe = await allocation.pipe(peer_relayed_address)
"""

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from packhorse.turn.events import AllocationFailed, AllocationLost, AllocationRenewed, TurnEvent
from packhorse.turn.servers import ways_to
from packhorse.wire.errors import ConfigurationError

if TYPE_CHECKING:
    from packhorse.turn.allocation import Allocation

__all__ = [
    "AllocationFailed",
    "AllocationLost",
    "AllocationRenewed",
    "TurnEvent",
    "allocate",
]

_ADVICE: Final = "install the extra: pip install '.[turn]' in the folder of Packhorse"
_MAX_TIMEOUT: Final = 600.0  # seconds
_MAX_REFRESH: Final = 240.0  # seconds; a permission lives 300 s (RFC 8656 section 9)
_MAX_PROBE: Final = 10.0  # seconds; with 5 s for the answer a loss is seen within 15 s


@asynccontextmanager
async def allocate(  # noqa: PLR0913 - all but three by keyword
    server: str | Sequence[str],
    username: str,
    password: str,
    *,
    family: int | None = None,
    timeout: float = 10.0,  # noqa: ASYNC109 - the deadline is part of the answer's error
    tls: ssl.SSLContext | None = None,
    refresh_interval: float = _MAX_REFRESH,
    probe_interval: float = _MAX_PROBE,
) -> AsyncIterator["Allocation"]:
    """Get a relayed address from a TURN server, and give it back at the end of the block.

    Args:
        server: `host`, `host:port`, `turn:host:port?transport=udp|tcp`, `turns:host:port`; or
            several. All ways are tried, UDP first, then TCP, then TLS, each 0.3 s after the
            one before; the first that answers is taken.
        username: Long-term credentials (RFC 8489 section 9.2).
        password: Likewise.
        family: Of the relayed address, 4 or 6; None lets the server choose. Peers must have
            the same.
        timeout: Seconds until there must be an allocation, 0.1..600.
        tls: Certificates to trust; None takes those of the system. They are always checked.
        refresh_interval: Seconds between refreshes of permissions and channels, 0.1..240.
        probe_interval: Seconds between proofs that the allocation lives, 0.1..10.

    Raises:
        ConfigurationError: An argument is malformed, or the extra is not installed.
        TurnError: A server refused; no other gave an allocation.
        ConnectivityError: No server answered.
    """
    for name, value, most in (
        ("timeout", timeout, _MAX_TIMEOUT),
        ("refresh_interval", refresh_interval, _MAX_REFRESH),
        ("probe_interval", probe_interval, _MAX_PROBE),
    ):
        if not 0.1 <= value <= most:  # noqa: PLR2004 - see above
            raise ConfigurationError(f"{name} is {value} s, must be 0.1..{most:.0f}")
    if family not in {None, 4, 6}:
        raise ConfigurationError(f"{family} is no address family", "choose 4, 6 or None")
    try:
        from packhorse.turn.allocation import Allocation  # noqa: PLC0415 - see below
        from packhorse.turn.connector import Connector  # noqa: PLC0415 - aioice is an extra
    except ImportError as error:
        raise ConfigurationError(f"{error.name} is missing", _ADVICE) from None
    servers = [server] if isinstance(server, str) else list(server)
    connector = Connector(ways_to(servers), username, password, family, tls)
    allocation = Allocation(connector, refresh_interval, probe_interval)
    try:
        await allocation.open(timeout)
        yield allocation
    finally:
        await allocation.aclose()
