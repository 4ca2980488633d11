"""Tests of what the monitor measures by itself; the rest runs in tests/e2e."""

import asyncio
import io
import logging
import time

import pytest

from packhorse_relay.logs import JsonFormatter, LogOutput
from packhorse_relay.monitor import Monitor, resident_bytes
from packhorse_relay.systemd import Notifier
from tests.support.relay_double import CoreAsRelay
from tests.support.relay_harness import Rig, address
from tests.support.waiting import until


def monitor(rig: Rig) -> Monitor:
    output = LogOutput(io.StringIO(), JsonFormatter(), time.monotonic)
    return Monitor(CoreAsRelay(rig), output, Notifier({}))


def test_memory_of_this_process_is_told() -> None:
    kept = bytearray(64 << 20)

    assert resident_bytes() > len(kept)


async def test_blocked_event_loop_shows_as_lag() -> None:
    async with monitor(Rig()) as watching:
        await asyncio.sleep(0)
        time.sleep(0.6)  # noqa: ASYNC251 - what is measured
        await until(lambda: watching.history.last >= 1)

        latest = watching.history.latest()
        assert latest is not None
        assert latest.lag > 0.3


def test_drops_are_summed_up_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig()
    watching = monitor(rig)
    for _ in range(5):
        rig.core.receive_datagram(b"x", address(900), now=rig.now)

    with caplog.at_level(logging.INFO, "packhorse_relay"):
        watching._report_drops()
        watching._report_drops()

    assert caplog.messages == ["5 datagrams were dropped, most of all: too_short 5"]
