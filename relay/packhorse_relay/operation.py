"""Everything around a running relay: admin listener, signals, reload, systemd."""

import asyncio
import ipaddress
import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, Final, Protocol, Self

from packhorse.wire.address import parse_port
from packhorse.wire.errors import ConfigurationError
from packhorse_relay import __version__
from packhorse_relay.access_options import operator_keys
from packhorse_relay.admin.access import Access
from packhorse_relay.admin.listener import AdminListener, Views
from packhorse_relay.admin.metrics import Metrics, Sources
from packhorse_relay.admin.status import Identity, Record, Relay, status_of
from packhorse_relay.config import CONFIG_KEYS, Loaded, RelayConfig
from packhorse_relay.core.settings import Settings
from packhorse_relay.core.tickets import OperatorKeys
from packhorse_relay.core.websocket_settings import WebSocketSettings
from packhorse_relay.logs import LogOutput, set_log_level
from packhorse_relay.monitor import Monitor
from packhorse_relay.state import load_admin_token, make_admin_token, state_directory
from packhorse_relay.systemd import Notifier
from packhorse_relay.websocket_options import websocket_settings

logger = logging.getLogger(__name__)

_LOOPBACK: Final = "127.0.0.1"
_LIVE: Final = frozenset(
    [
        "profile",
        "log_level",
        "admin_names",
        "admin_token_file",
        "trusted_proxies",
        "ticket_key",
        "ticket_app",
        "access_key_file",
    ]
)
"""Keys, besides those of `[limits]`, that a relay takes over while it runs."""


class ReloadableRelay(Relay, Protocol):
    """A relay whose limits can change while it runs."""

    def change_settings(self, settings: Settings, keys: OperatorKeys) -> None:
        """Go by other limits and keys from now on."""

    def change_proxies(self, settings: WebSocketSettings) -> None:
        """Believe other proxies of WebSocket from now on."""

    def reload_certificates(self) -> None:
        """Use the TLS certificate as its files are now."""

    @property
    def dataplane(self) -> str:
        """Name of the data plane."""

    async def drain(self) -> None:
        """Open no more rooms; return when those there are have ended, or their time is over."""


class Operation:
    """An async context manager around a relay that has been started."""

    def __init__(
        self,
        relay: ReloadableRelay,
        loaded: Loaded,
        reload: Callable[[], Loaded],
        output: LogOutput,
        on_drain: Callable[[], None],
    ) -> None:
        self._relay = relay
        self._config = loaded.config
        self._reload = reload
        self._on_drain = on_drain
        self._draining: asyncio.Task[None] | None = None
        self._notifier = Notifier(os.environ)
        self._monitor = Monitor(relay, output, self._notifier)
        self._identity = Identity(
            __version__, relay.dataplane, legacy=loaded.config.legacy, started_at=time.time()
        )
        self._stop = asyncio.Event()
        self._stack = AsyncExitStack()
        self._access = Access("", needs_token=True)
        self.admin: AdminListener | None = None
        """The admin listener, where there is one."""
        self.token_file: Path | None = None
        """Where the admin token is, where there is one."""

    async def __aenter__(self) -> Self:
        """Open the admin listener, take over the signals, tell systemd.

        Raises:
            OSError: The admin listener's address cannot be had.
            ConfigurationError: The admin listener cannot be protected.
        """
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._monitor)
            if self._config.admin:
                self.admin = await stack.enter_async_context(self._admin_listener())
            self._take_signals()
            self._stack = stack.pop_all()
        self._notifier.ready(self._listening())
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        self._notifier.stopping()
        await self._stack.aclose()

    async def wait_for_stop(self) -> None:
        """Wait until the relay is to end: at SIGINT, or when it has drained after SIGTERM."""
        await self._stop.wait()
        if self._draining is not None:
            self._draining.cancel()
            await asyncio.gather(self._draining, return_exceptions=True)

    def _admin_listener(self) -> AdminListener:
        host, port = parse_admin(self._config.admin)
        is_local = ipaddress.ip_address(host).is_loopback
        self.token_file = self._find_token(is_needed=not is_local)
        token = "" if self.token_file is None else load_admin_token(self.token_file)
        self._access = Access(token, self._config.admin_names, needs_token=not is_local)
        metrics = Metrics(
            Sources(
                self._relay,
                self._record(),
                time.process_time,
                lambda verdict: 0 if self.admin is None else self.admin.requests[verdict],
            )
        )
        views = Views(self._is_ready, metrics.text, self._status)
        return AdminListener(self._access, views, (host, port))

    def _find_token(self, *, is_needed: bool) -> Path | None:
        if self._config.admin_token_file:
            return Path(self._config.admin_token_file)
        try:
            return make_admin_token(state_directory(self._config.state_dir, os.environ))
        except ConfigurationError as error:
            if is_needed:
                raise
            logger.warning("no admin token, so that codes cannot be shown: %s", error)
            return None

    def _status(self, since: int, reveal: bool) -> dict[str, Any]:  # noqa: FBT001 - a callback
        now = asyncio.get_running_loop().time()
        return status_of(self._relay, self._record(), since, reveal=reveal, now=now)

    def _record(self) -> Record:
        return Record(self._identity, self._monitor.history, self._monitor.traffic)

    def _take_signals(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt
            loop.add_signal_handler(signal.SIGINT, self._stop.set)
            loop.add_signal_handler(signal.SIGTERM, self._terminate)
            loop.add_signal_handler(signal.SIGHUP, self._hang_up)

    def _is_ready(self) -> bool:
        return self._draining is None and not self._stop.is_set()

    def _terminate(self) -> None:
        """Let the rooms end; the second time, or without rooms, end at once."""
        if self._draining is not None or not self._relay.session_count:
            self._stop.set()
            return
        self._on_drain()
        self._draining = asyncio.create_task(self._relay.drain(), name="packhorse-drain")
        self._draining.add_done_callback(lambda _: self._stop.set())

    def _hang_up(self) -> None:
        """Read the configuration again; one that is wrong changes nothing."""
        self._notifier.reloading(now=time.monotonic())
        try:
            self._take_over(self._reload())
        except ConfigurationError as error:
            logger.error("reload: %s; nothing was changed", error)  # noqa: TRY400 - not a bug
        except Exception:
            logger.exception("reload failed: this is a bug")
        self._notifier.ready(self._listening())

    def _take_over(self, loaded: Loaded) -> None:
        """Read all that can be wrong, then change what a running relay can change."""
        wanted = loaded.config
        token = self._read_token(wanted)
        websocket = websocket_settings(wanted)
        self._relay.change_settings(loaded.settings, operator_keys(wanted))
        if websocket is not None:
            self._relay.change_proxies(websocket)
        self._relay.reload_certificates()
        self._access.change(token, wanted.admin_names)
        set_log_level(wanted.log_level)
        for name in needing_restart(self._config, wanted):
            logger.warning("reload: %s needs a restart", name, extra={"source": name})
        logger.warning("reload: the configuration was read again")

    def _read_token(self, config: RelayConfig) -> str:
        if self.token_file is None:
            return ""
        file = config.admin_token_file or make_admin_token(
            state_directory(self._config.state_dir, os.environ)
        )
        return load_admin_token(Path(file))

    def _listening(self) -> str:
        places = [f"{host} port {port}" for host, port in self._relay.addresses]
        return f"listening on {', '.join(places)}"


def needing_restart(config: RelayConfig, wanted: RelayConfig) -> list[str]:
    """Return the keys that were changed but cannot change while the relay runs."""
    fixed = [name for name in CONFIG_KEYS if name not in _LIVE]
    return [name for name in fixed if getattr(config, name) != getattr(wanted, name)]


def parse_admin(text: str) -> tuple[str, int]:
    """Return host and port of `ADDR:PORT` or `PORT`; without an address it is the own machine.

    Raises:
        ConfigurationError: It is neither.
    """
    host, colon, digits = text.rpartition(":")
    host = host.strip("[]") if colon else _LOOPBACK
    host = _LOOPBACK if host == "localhost" else host
    port = parse_port(digits)
    if port is None or not _is_address(host):
        advice = "admin takes a port, or ADDRESS:PORT with an address of this machine"
        raise ConfigurationError(f"admin is {text!r}, which is no address and port", advice)
    return host, port


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
