"""Which settings a running relay can take over."""

from typing import Final

LIVE: Final = frozenset(
    [
        "rooms_per_source",
        "sessions_per_source",
        "max_rooms",
        "max_sessions",
        "max_peers",
        "max_datagram",
    ]
)
"""Fields of `Settings` that bind whoever comes next, and nobody who is there."""
