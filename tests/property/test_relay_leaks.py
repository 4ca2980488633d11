"""Long floods of the relay's core must leave no memory taken; what the process has is measured."""

import gc
import os
import sys
from collections.abc import Callable
from typing import Final

import pytest

from tests.support.relay_harness import Rig
from tests.support.relay_memory import abandon, flood_with_hellos, table_sizes
from tests.support.resident import resident_bytes

MB: Final = 1_000_000

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


def resident_growth(action: Callable[[], None]) -> int:
    """Return the bytes by which this process grows."""
    gc.collect()
    before = resident_bytes(os.getpid())
    action()
    gc.collect()
    return resident_bytes(os.getpid()) - before


def test_attack_11_a_million_spoofed_hellos_take_under_2_mb() -> None:
    """JOIN-1, LIM-1: 10,000 a second from random sources, half of them of IPv6."""
    rig = Rig()
    flood_with_hellos(rig, 20_000, 10_000)  # the tables of budgets are full now

    assert resident_growth(lambda: flood_with_hellos(rig, 1_000_000, 10_000)) < 2 * MB
    assert table_sizes(rig) == [0] * 10
    assert rig.core.next_timeout() is None


def test_attack_13_a_hundred_thousand_abandoned_sessions_take_no_memory() -> None:
    """LIM-1: the first ten thousand take what is needed, the rest nothing more."""
    rig = Rig()

    def abandon_some(rooms: int) -> None:
        abandon(rig, rooms)
        rig.advance(200)
        while rig.core.next_event() is not None:
            pass

    abandon_some(5_000)
    growth = resident_growth(lambda: abandon_some(45_000))

    assert growth < 2 * MB
    assert table_sizes(rig) == [0] * 10
    assert rig.core.next_timeout() is None
