"""Attacks on who may say HELLO: forged ones must not keep a member from joining."""

from collections import Counter
from typing import Final

import pytest

from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress
from packhorse.wire.constants import DropReason
from tests.support.applicant import Applicant
from tests.support.relay_harness import Rig, address, seeded_bytes

VICTIM: Final = address(901)
STREAM: Final = 1
SENDS: Final = (0.0, 0.25, 0.75, 1.75, 3.75)  # seconds; when a member says HELLO


def answered(rate: int, seed: int, source: TransportAddress = VICTIM) -> int:
    """Let a member say HELLO while its address is forged; return how many were answered."""
    rig = Rig(random_bytes=seeded_bytes(seed), stream_listener=STREAM)
    forged = Applicant(address=VICTIM).hello(c.MIN_HELLO_SIZE)
    begin, count = 10 * rate, 0
    for tick in range(begin + 4 * rate):
        rig.now += 1 / rate
        rig.send(forged, VICTIM._replace(port=1024 + tick))
        if any(tick == begin + int(at * rate) for at in SENDS):
            count += len(rig.send(Applicant(address=source).hello(), source).sent)
    return count


@pytest.mark.parametrize("rate", [5, 10])
def test_attack_04_hellos_forged_at_a_low_rate_keep_no_address_from_joining(rate: int) -> None:
    """JOIN-2: at 5/s, whoever was first took every token."""
    got = [answered(rate, seed) for seed in range(40)]

    assert got.count(0) <= 4


@pytest.mark.parametrize("rate", [5, 100, 1000])
def test_attack_04_hellos_forged_at_any_rate_keep_nobody_from_joining_by_websocket(
    rate: int,
) -> None:
    """WS-8."""
    assert answered(rate, 1, VICTIM._replace(listener=STREAM)) == len(SENDS)


def test_attack_04_flood_of_hellos_from_everywhere_keeps_nobody_from_joining_by_websocket() -> None:
    """WS-8: the budget of all sources is used up, for UDP."""
    rig = Rig(stream_listener=STREAM)
    drops: Counter[DropReason | None] = Counter()
    for number in range(3000):
        source = address(number)
        hello = Applicant(address=source).hello(c.MIN_HELLO_SIZE)
        drops[rig.send(hello, source).drop] += 1
    host = rig.create(address(7000, listener=STREAM))

    assert drops == {None: 200, DropReason.REPLY_BUDGET: 2800}
    assert rig.join(host.code, address(7001, listener=STREAM)).peer == 2


def test_attack_04_picking_at_random_answers_no_more_than_the_rate() -> None:
    """JOIN-2: ten at once, then five a second, however many come."""
    rig = Rig()
    answers = 0
    for _ in range(10_000):
        rig.now += 0.001
        answers += len(rig.send(Applicant(address=VICTIM).hello(), VICTIM).sent)

    assert 40 <= answers <= 10 + 5 * 10
