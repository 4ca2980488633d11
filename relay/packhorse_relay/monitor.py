"""Watches the process once a second: load, memory, late event loop, watchdog, log."""

import asyncio
import logging
import os
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from packhorse_relay.admin.history import INTERVAL, History
from packhorse_relay.admin.status import Relay, counts_of, gauges_of
from packhorse_relay.admin.traffic import Traffic
from packhorse_relay.logs import LogOutput
from packhorse_relay.systemd import Notifier

if TYPE_CHECKING:
    from packhorse.wire.constants import DropReason

logger = logging.getLogger(__name__)

_LAG_STEP: Final = 0.25  # seconds between looks at how late the event loop is
_REPORT_INTERVAL: Final = 10.0  # seconds between lines on what was dropped
_LISTED: Final = 2  # reasons in one line
_ROOMS_AT_ONCE: Final = 64  # whose traffic is looked at before others may run
_STATM: Final = Path("/proc/self/statm")
_KIBIBYTE: Final = 1024


class Monitor:
    """An async context manager that watches while it is open."""

    def __init__(self, relay: Relay, output: LogOutput, notifier: Notifier) -> None:
        self._relay = relay
        self._output = output
        self._notifier = notifier
        self._reported: Counter[DropReason] = Counter()
        self._report_at = 0.0
        self._alive_at = 0.0

    async def __aenter__(self) -> Self:
        """Start to watch; the relay must be running."""
        now = time.monotonic()
        self.traffic = Traffic(now=now)
        self.history = History(counts_of(self._relay, 0.0, time.process_time()), now=now)
        self._report_at = now + _REPORT_INTERVAL
        self._task = asyncio.create_task(self._watch(), name="packhorse-monitor")
        return self

    async def __aexit__(self, *_exc_info: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _watch(self) -> None:
        while True:
            lag = await self._measure_lag()
            try:
                await self._look_at_rooms()
                self._sample(lag)
            except Exception:
                logger.exception("watching the relay raised: this is a bug")

    async def _measure_lag(self) -> float:
        """Return by how much the event loop was late at worst during one interval."""
        worst = 0.0
        for _ in range(round(INTERVAL / _LAG_STEP)):
            due = time.monotonic() + _LAG_STEP
            await asyncio.sleep(_LAG_STEP)
            worst = max(worst, time.monotonic() - due)
        return round(worst, 6)

    async def _look_at_rooms(self) -> None:
        rooms = list(self._relay.rooms)
        for first in range(0, len(rooms), _ROOMS_AT_ONCE):
            part = rooms[first : first + _ROOMS_AT_ONCE]
            self.traffic.look(part, now=time.monotonic())
            await asyncio.sleep(0)

    def _sample(self, lag: float) -> None:
        now = time.monotonic()
        counts = counts_of(self._relay, self.traffic.octets, time.process_time())
        self.history.add(counts, gauges_of(self._relay, lag, resident_bytes()), now=now)
        self._output.tell_held_back()
        if now >= self._report_at:
            self._report_drops()
            self._report_at = now + _REPORT_INTERVAL
        interval = self._notifier.watchdog_interval
        if interval is not None and now >= self._alive_at:
            self._notifier.alive()
            self._alive_at = now + interval - INTERVAL

    def _report_drops(self) -> None:
        drops = self._relay.drops
        new, self._reported = drops - self._reported, drops
        if new:
            listed = ", ".join(f"{reason} {count}" for reason, count in new.most_common(_LISTED))
            logger.info("%s datagrams were dropped, most of all: %s", new.total(), listed)


def resident_bytes() -> int:
    """Return the memory that this process has, 0 where it cannot be told."""
    with suppress(OSError, ValueError, IndexError):
        return int(_STATM.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return _largest_ever()


def _largest_ever() -> int:
    """Return the most memory that the process ever had: all that other systems tell."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE
