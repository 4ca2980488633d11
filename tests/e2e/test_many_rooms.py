"""A relay full of rooms: it loses nothing, and each member costs it little memory."""

from typing import Final

import pytest

from tests.support.crowd import Crowd
from tests.support.relay_process import LOOPBACK, RelayProcess
from tests.support.resident import resident_bytes

MEMBERS: Final = 4  # of each room
RATE: Final = 20.0  # datagrams a second and member
MEMORY_GOAL: Final = 4096  # bytes a member


@pytest.mark.parametrize(
    ("rooms", "seconds"),
    [
        (100, 3.0),
        pytest.param(1000, 60.0, marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
    ],
)
def test_full_rooms_lose_nothing_and_cost_little_memory(rooms: int, seconds: float) -> None:
    with RelayProcess() as relay:
        empty = resident_bytes(relay.pid)
        with Crowd((LOOPBACK, relay.port), rooms=rooms, members=MEMBERS) as crowd:
            traffic = crowd.run(seconds, rate=RATE)
            per_member = (resident_bytes(relay.pid) - empty) / (rooms * MEMBERS)
        told = relay.stop()

    print(
        f"{rooms} rooms: {traffic.sent} datagrams, {per_member:.0f} bytes a member, delay"
        f" p50 {traffic.percentile(0.5) * 1e3:.2f} ms, p99 {traffic.percentile(0.99) * 1e3:.2f} ms"
    )
    assert traffic.sent >= 0.99 * rooms * MEMBERS * RATE * seconds
    assert traffic.received == traffic.sent
    assert told["drops"].keys() <= {"rate_limited"}  # HELLOs of many who join at once; they repeat
    assert per_member <= MEMORY_GOAL
