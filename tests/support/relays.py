"""Relays inside the test's own process, without the limits that protect a public one."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from packhorse_relay.aio.server import RelayServer
from packhorse_relay.core.settings import PROFILES, Settings
from packhorse_relay.core.tickets import OperatorKeys
from packhorse_relay.dataplane.choice import AUTO

LOOPBACK: Final = "127.0.0.1"
LOOPBACK_V6: Final = "::1"
_MANY: Final = 100_000.0  # a second or a minute: no limit that a test meets


def quick_settings(
    *, lost_after: float = 1.0, removed_after: float = 2.0, ping_interval: float = 0.1
) -> Settings:
    """Return settings under which silence is noticed as soon as the protocol lets it be."""
    return replace(
        PROFILES["unlimited"],
        hello_rate=_MANY,
        reply_rate=_MANY,
        create_rate=_MANY,
        join_rate=_MANY,
        join_failures=_MANY,
        ping_interval=ping_interval,
        lost_after=lost_after,
        client_removed_after=removed_after,
        host_removed_after=removed_after,
    )


def patient_settings() -> Settings:
    """Return settings under which nobody is lost during a test."""
    return quick_settings(lost_after=15.0, removed_after=60.0, ping_interval=5.0)


def new_relay(
    *hosts: str,
    port: int = 0,
    settings: Settings | None = None,
    keys: OperatorKeys | None = None,
    with_legacy: bool = False,
    state_dir: Path | None = None,
    dataplane: str = AUTO,
) -> RelayServer:
    """Return a relay on the loopback interface that has not been started."""
    return RelayServer(
        bind=hosts or [LOOPBACK],
        port=port,
        settings=settings or patient_settings(),
        keys=keys,
        with_legacy=with_legacy,
        state_dir=state_dir,
        dataplane=dataplane,
    )


def address_of(relay: RelayServer, host: str = LOOPBACK) -> str:
    """Return how to name a running relay."""
    return f"[{host}]:{relay.port}" if ":" in host else f"{host}:{relay.port}"
