"""How much of what strangers send is looked at."""

import random

import pytest

from packhorse.wire.address import TransportAddress
from packhorse_relay.core.flood_sampling import READ_AT_MOST
from packhorse_relay.core.relay_legacy import LegacyRoom
from packhorse_relay.core.stray_budgets import StrayBudgets
from tests.support.applicant import Applicant
from tests.support.relay_harness import Rig, address

EVE = address(900)
HELLO = Applicant(address=EVE).hello()
STREAM = 1


def strays_of(rig: Rig, *, with_legacy: bool = False) -> StrayBudgets:
    return StrayBudgets(
        rig.core.table,
        random.Random(1).random,  # noqa: S311 - the same each time
        stream_listener=STREAM,
        with_legacy=with_legacy,
        now=0.0,
    )


def admitted(strays: StrayBudgets, data: bytes, count: int, *, now: float) -> int:
    return sum(strays.admit(data, address(900 + n), now=now) for n in range(count))


def test_attack_33_strays_are_counted_by_kind_and_members_are_none() -> None:
    """What a filter goes by; a member that misbehaves must not close the door to others."""
    rig = Rig(stream_listener=STREAM)
    member = rig.room(2)[1]
    strays = strays_of(rig)
    for source in (EVE, member.address, address(900, listener=STREAM)):
        for data in (HELLO, b"\xa5", b"\xa6" + bytes(40), b"\xa4", b""):
            assert strays.admit(data, source, now=0.0)

    assert strays.counts == (1, 2, 2)
    assert rig.core.table.addresses_by_listener() == {0: {address(1)[:2], address(2)[:2]}}


def test_attack_33_strays_may_be_members_where_the_legacy_protocol_is_spoken() -> None:
    strays = strays_of(Rig(legacy=LegacyRoom(())), with_legacy=True)
    for data in (bytes.fromhex("00aa00000001"), b"\xa5"):
        assert strays.admit(data, EVE, now=0.0)

    assert strays.counts == (0, 1, 0)


def test_attack_33_few_are_looked_at_at_once_and_then_so_many_a_second() -> None:
    strays = strays_of(Rig())
    at_once = admitted(strays, HELLO, 5000, now=0.0)
    later = sum(admitted(strays, HELLO, 100, now=step * 0.001) for step in range(1000))

    assert READ_AT_MOST / 40 < at_once <= READ_AT_MOST / 20
    assert later == pytest.approx(READ_AT_MOST, rel=0.02)
    assert strays.counts == (105_000, 0, 0)
    assert strays.refused == 105_000 - at_once - later


def test_all_are_looked_at_while_few_come() -> None:
    strays = strays_of(Rig())

    assert all(admitted(strays, HELLO, 200, now=step * 0.1) == 200 for step in range(50))


def test_attack_33_flood_of_one_kind_leaves_the_others_alone() -> None:
    strays = strays_of(Rig())
    admitted(strays, HELLO, 5000, now=0.0)

    assert strays.admit(b"\xa5", EVE, now=0.0)
    assert strays.admit(b"\xa4" + bytes(40), EVE, now=0.0)


def test_attack_33_members_are_heard_during_a_flood_from_their_own_address() -> None:
    rig = Rig()
    member = rig.room(2)[1]
    strays = strays_of(rig)
    admitted(strays, b"\xa4", 5000, now=0.0)

    assert all(strays.admit(b"\xa4", member.address, now=0.0) for _ in range(1000))


def test_lim_4_everybody_has_the_same_chance() -> None:
    """Whoever is the last in each moment, too."""
    strays = strays_of(Rig())
    last = TransportAddress("198.51.100.1", 1)
    heard = {EVE: 0, last: 0}
    for turn in range(10_000):
        for source in [EVE] * 9 + [last]:
            heard[source] += strays.admit(HELLO, source, now=turn * 1e-4)

    assert heard[EVE] + heard[last] == pytest.approx(READ_AT_MOST, rel=0.1)
    assert 8 < heard[EVE] / heard[last] < 10
