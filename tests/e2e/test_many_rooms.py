"""A relay full of rooms: it keeps up, and each member costs it little memory."""

from typing import Final

import pytest

from tests.support.crowd import Crowd
from tests.support.relay_process import LOOPBACK, RelayProcess
from tests.support.resident import resident_bytes

MEMBERS: Final = 4  # of each room
RATE: Final = 20.0  # datagrams a second and member
MEMORY_GOAL: Final = 4096  # bytes a member
BUFFERS: Final = 256 << 10  # bytes, once: the batches of the data plane


@pytest.mark.quiet
@pytest.mark.parametrize(
    ("rooms", "seconds", "growth", "kept"),
    [
        (100, 3.0, 0.0, 1.0),
        # 80,000 datagrams a second; a machine with other work loses some.
        pytest.param(1000, 65.0, 5.0, 0.9, marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
    ],
)
def test_full_rooms_are_served_and_cost_little_memory(
    rooms: int, seconds: float, growth: float, kept: float
) -> None:
    with RelayProcess() as relay:
        empty = resident_bytes(relay.pid)
        with Crowd((LOOPBACK, relay.port), rooms=rooms, members=MEMBERS) as crowd:
            traffic = crowd.run(seconds, rate=RATE, growth=growth)
            per_member = (resident_bytes(relay.pid) - empty - BUFFERS) / (rooms * MEMBERS)
        told = relay.stop()

    delays = [f"p{share} {traffic.percentile(share / 100) * 1e3:.2f} ms" for share in (50, 99)]
    print(f"{rooms} rooms: {traffic.received} of {traffic.sent} datagrams, {', '.join(delays)}")
    print(f"{per_member:.0f} bytes of memory a member; drops {told['drops']}")
    assert traffic.sent >= 0.9 * rooms * MEMBERS * RATE * (seconds - growth / 2)
    assert traffic.received >= kept * traffic.sent
    # HELLOs of many who join at once, who repeat them, and what a busy machine had no room for.
    assert told["drops"].keys() <= {"rate_limited", "unread"}
    assert per_member <= MEMORY_GOAL
