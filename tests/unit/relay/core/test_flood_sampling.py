"""How much of what strangers send is read during a flood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packhorse.wire import constants as c
from packhorse_relay.core.flood_sampling import (
    ALL,
    FloodSampling,
    Seen,
    Shares,
    Stray,
    stray_kind,
)

STEP = 0.1  # seconds


def flooded(sampling: FloodSampling, rate: float, steps: int, *, most: float = 1e9) -> Seen:
    """Let HELLOs come at `rate` a second, of which the share is read, but `most` a second."""
    came = read = now = 0.0
    for _ in range(steps):
        now += STEP
        came += rate * STEP
        read += min(rate * sampling.shares[0], most) * STEP
        sampling.decide(Seen((int(read), 0, 0), int(read), int(came - read)), now=now)
    return Seen((int(read), 0, 0), int(read), int(came - read))


def test_everything_is_read_while_little_comes() -> None:
    sampling = FloodSampling(now=0.0)

    flooded(sampling, 7000, 20)

    assert sampling.shares == ALL


@given(st.floats(10_000, 10_000_000))
def test_attack_32_flood_of_hellos_is_read_at_a_bounded_rate(rate: float) -> None:
    sampling = FloodSampling(now=0.0)
    flooded(sampling, rate, 1)

    share = sampling.shares[0]

    assert share * rate == pytest.approx(4000, rel=0.01)


def test_all_is_read_again_when_the_flood_is_over() -> None:
    sampling = FloodSampling(now=0.0)
    seen = flooded(sampling, 1_000_000, 5)
    assert sampling.shares[0] < 0.01

    is_changed = sampling.decide(seen._replace(read=seen.read + 1), now=2.0)

    assert is_changed
    assert sampling.shares == ALL


def test_silence_after_a_flood_ends_it() -> None:
    """Else the first to come to an empty relay would hardly get through."""
    sampling = FloodSampling(now=0.0)
    seen = flooded(sampling, 1_000_000, 5)

    assert sampling.decide(seen, now=2.0)
    assert sampling.shares == ALL


def test_early_question_changes_nothing() -> None:
    sampling = FloodSampling(now=0.0)

    assert not sampling.decide(Seen((1_000_000, 0, 0), 1_000_000, 0), now=0.01)
    assert sampling.next_decision == 0.02


def test_attack_flood_that_only_a_little_can_be_read_of_is_seen_as_it_is() -> None:
    """A slow machine: its buffer is full, and most is dropped before anybody sees it."""
    sampling = FloodSampling(now=0.0)
    flooded(sampling, 100_000, 1, most=1300)

    assert sampling.shares[0] == pytest.approx(0.04, rel=0.01)


def test_share_holds_while_nothing_can_be_read() -> None:
    sampling = FloodSampling(now=0.0)
    seen = flooded(sampling, 100_000, 3)

    assert not sampling.decide(seen._replace(dropped=seen.dropped + 10_000), now=0.5)


def test_full_buffer_of_other_datagrams_is_no_flood_of_hellos() -> None:
    sampling = FloodSampling(now=0.0)
    sampling.decide(Seen((100, 0, 0), 6000, 6000), now=STEP)

    assert sampling.shares == ALL


def test_flood_is_noticed_sooner_than_its_changes_are_followed() -> None:
    sampling = FloodSampling(now=0.0)
    seen = Seen((2000, 0, 0), 2000, 0)
    is_changed = sampling.decide(seen, now=0.02)

    assert is_changed
    assert sampling.next_decision == pytest.approx(0.12)


def test_flood_is_noticed_at_once_when_much_waits() -> None:
    sampling = FloodSampling(now=0.0)

    assert not sampling.decide(Seen((100, 0, 0), 100, 0, 255), now=0.004)
    assert not sampling.decide(Seen((63, 0, 0), 100, 0, 300), now=0.004)
    assert sampling.decide(Seen((100, 0, 0), 100, 0, 300), now=0.004)
    assert sampling.shares[0] == pytest.approx(0.04)


def test_what_waits_and_is_read_later_is_counted_once() -> None:
    """Of 2000 strays in 20 ms half are read at once, the others while 4 % get through."""
    sampling = FloodSampling(now=0.0)
    sampling.decide(Seen((1000, 0, 0), 1000, 0, 1000), now=0.02)
    assert sampling.shares[0] == pytest.approx(0.04)
    sampling.decide(Seen((2400, 0, 0), 2400, 9600, 0), now=0.12)

    assert 0.01 < sampling.shares[0] <= 0.04


@pytest.mark.parametrize("kind", Stray)
def test_attack_33_flood_of_one_kind_leaves_the_others_alone(kind: Stray) -> None:
    """50,000 a second of one kind, 500 of the others; what is not picked is counted dropped."""
    sampling, now = FloodSampling(now=0.0), 0.0
    rates = [50_000.0 if kind is flooded else 500.0 for flooded in Stray]
    read, dropped = [0.0, 0.0, 0.0], 0.0
    for _ in range(20):
        now += STEP
        passed = [rate * share for rate, share in zip(rates, sampling.shares, strict=True)]
        read = [old + new * STEP for old, new in zip(read, passed, strict=True)]
        dropped += (sum(rates) - sum(passed)) * STEP
        hellos, control, other = map(int, read)
        sampling.decide(Seen((hellos, control, other), int(sum(read)), int(dropped)), now=now)

    expected: Shares = tuple(0.08 if kind is flooded else 1.0 for flooded in Stray)  # type: ignore[assignment]
    assert sampling.shares == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (bytes([c.FirstByte.CTRL]) + bytes(5) + b"\x86\x00\x01", Stray.HELLO),
        (bytes([c.FirstByte.CTRL]) + bytes(5) + b"\x86\x00\x04", Stray.CONTROL),
        (bytes([c.FirstByte.CTRL]), Stray.CONTROL),
        (bytes([c.FirstByte.SEAL]) + bytes(40), Stray.CONTROL),
        (bytes([c.FirstByte.DATA]) + bytes(40), Stray.OTHER),
        (bytes([c.FirstByte.FRAME]) + bytes(40), Stray.OTHER),
        (b"", Stray.OTHER),
    ],
)
def test_kinds_of_strays(data: bytes, kind: Stray) -> None:
    assert stray_kind(data) is kind
