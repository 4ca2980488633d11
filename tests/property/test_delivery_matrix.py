"""The promises of the delivery layer, over every kind of bad network, in virtual time."""

from collections.abc import Sequence
from itertools import product
from typing import Final

import pytest

from packhorse.testing import Conditions, Pair
from packhorse.wire.constants import Mode
from tests.support.delivery_traffic import RELIABLE, SIZES, UNRELIABLE, Traffic

CONDITIONS: Final = [
    Conditions(loss=loss, latency=latency, reorder=reorder, duplicate=duplicate)
    for loss, latency, reorder, duplicate in product(
        (0.0, 0.01, 0.05, 0.2, 0.5), (0.0, 0.025, 0.1), (0.0, 0.1, 0.3), (0.0, 0.1)
    )
]
SLOW_SEEDS: Final = 25  # times 90 combinations


def name_of(conditions: Conditions) -> str:
    c = conditions
    return f"loss {c.loss:.0%} {c.latency * 1000:.0f} ms reorder {c.reorder:.0%} {c.duplicate:.0%}"


def deadline_of(conditions: Conditions) -> float:
    """Return the virtual seconds within which some 100 messages must have arrived."""
    return 60.0 if conditions.loss < 0.5 else 400.0


def run_once(
    conditions: Conditions, seed: str, *, messages: int, sizes: Sequence[int] = SIZES
) -> float:
    """Run mixed traffic and check it; return the seconds until both sides were idle."""
    pair = Pair(conditions, seed=seed)
    traffic = Traffic(pair, seed)
    traffic.schedule(messages, within=2.0, sizes=sizes)
    took = traffic.run(within=deadline_of(conditions))
    traffic.close()
    return took


def test_every_combination_is_there() -> None:
    assert len({name_of(conditions) for conditions in CONDITIONS}) == 5 * 3 * 3 * 2


@pytest.mark.parametrize("conditions", CONDITIONS, ids=name_of)
def test_mixed_traffic_keeps_every_promise(conditions: Conditions) -> None:
    run_once(conditions, "default", messages=100)


def test_large_messages_among_small_ones_keep_every_promise() -> None:
    bad = Conditions(loss=0.05, latency=0.025, reorder=0.1, duplicate=0.1)
    run_once(bad, "large", messages=80, sizes=(*SIZES, 200_000))


def test_reliable_lanes_hold_no_memory_when_everything_has_arrived() -> None:
    pair = Pair(Conditions(loss=0.2, latency=0.025, reorder=0.3, duplicate=0.1), seed="memory")
    traffic = Traffic(pair, "memory", modes=RELIABLE)
    traffic.schedule(200, within=2.0)

    traffic.run(within=200.0)

    assert (pair.left.budget.used, pair.right.budget.used) == (0, 0)


def test_unreliable_messages_all_arrive_where_nothing_is_lost() -> None:
    pair = Pair(Conditions(latency=0.025))
    traffic = Traffic(pair, "perfect")
    traffic.schedule(200, within=2.0)

    traffic.run(within=60.0)

    for flow, mode in product(traffic.flows, Mode):
        sent, got = flow.count(mode)
        assert sent == got > 0


def test_some_unreliable_messages_arrive_where_a_fifth_is_lost() -> None:
    pair = Pair(Conditions(loss=0.2, latency=0.025, reorder=0.1))
    traffic = Traffic(pair, "lossy", modes=UNRELIABLE)
    traffic.schedule(400, within=4.0, sizes=(10, 1000, 3000))

    traffic.run(within=60.0)

    for flow, mode in product(traffic.flows, UNRELIABLE):
        sent, got = flow.count(mode)
        assert 0.4 * sent < got < 0.95 * sent


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("conditions", CONDITIONS, ids=name_of)
def test_many_seeds_keep_every_promise(conditions: Conditions) -> None:
    times = sorted(run_once(conditions, f"slow {seed}", messages=100) for seed in range(SLOW_SEEDS))
    print(
        f"{name_of(conditions)}: idle after {times[len(times) // 2]:.1f} s, at most {times[-1]:.1f}"
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_seeds_of_large_messages_keep_every_promise() -> None:
    for seed in range(50):
        conditions = CONDITIONS[seed * 7 % 72]  # up to 20 % loss
        run_once(conditions, f"large {seed}", messages=60, sizes=(*SIZES, 200_000))
