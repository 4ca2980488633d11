"""The window and the pace, as far as they hold whatever the tuning is."""

from itertools import pairwise

import pytest

from packhorse.core.delivery.bandwidth import DeliveryRate
from packhorse.core.delivery.congestion import AckedBatch, CongestionController, Phase
from packhorse.wire.constants import INITIAL_WINDOW, RESTART_WINDOW

DATAGRAM = 1200
RTT = 0.05


class Path:
    """A controller, and a path that acknowledges a round at a time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.rate = DeliveryRate(now=0.0)
        self.controller = CongestionController(self.rate, now=0.0)
        self.smallest = self.controller.window
        self.slowest = self.controller.pacing_rate

    def round(
        self,
        *,
        rate: float,
        loss: float = 0.0,
        rtt: float = RTT,
        in_flight: int = 0,
        is_app_limited: bool = False,
    ) -> None:
        """Let a round trip pass in which the window was sent and acknowledged at `rate`."""
        delivered = self.rate.delivered
        count = max(4, round(min(self.controller.window, rate * RTT * 3) / DATAGRAM))
        self.now += max(RTT, count * DATAGRAM / rate)
        self.rate.acknowledge(count * DATAGRAM, now=self.now)
        lost = round(count * loss)
        batch = AckedBatch(
            rate=rate,
            is_app_limited=is_app_limited,
            delivered_when_sent=delivered,
            rtt=rtt,
            acked=count - lost,
            lost=lost,
            in_flight=in_flight,
        )
        self.controller.on_ack(batch, now=self.now)
        self.smallest = min(self.smallest, self.controller.window)
        self.slowest = min(self.slowest, self.controller.pacing_rate)

    def train(self, *, sent: float, arrived: float, rtt: float = RTT) -> None:
        """Let 32 datagrams leave and be acknowledged, 8 at a time, at so many bytes a second."""
        before, sent_at, began = self.rate.delivered, self.now, self.now + RTT
        snapshot = self.rate.snapshot(0, now=self.now)
        for count in range(8, 40, 8):
            size = count * DATAGRAM
            self.now = began + size / arrived
            self.rate.acknowledge(8 * DATAGRAM, now=self.now)
            rate = self.rate.sample(snapshot, sent_at + size / sent, now=self.now)
            batch = AckedBatch(rate, False, before, rtt, 8, 0, 0)  # noqa: FBT003
            self.controller.on_ack(batch, now=self.now)


def settled(rate: float = 1e6) -> Path:
    path = Path()
    for _ in range(40):
        path.round(rate=rate)
    return path


def test_window_before_the_first_sample_is_the_initial_one() -> None:
    assert 0 < Path().controller.window <= INITIAL_WINDOW


def test_pace_before_the_first_sample_is_finite_and_positive() -> None:
    assert 0 < Path().controller.pacing_rate < 100e6


def test_startup_grows_with_what_the_path_delivers() -> None:
    path = Path()
    windows = []

    for exponent in range(8):
        path.round(rate=2e5 * 2**exponent)
        windows.append(path.controller.window)

    assert windows == sorted(windows)
    assert windows[-1] > 10 * INITIAL_WINDOW


def test_startup_lets_as_much_go_as_a_quick_train_showed_to_be_possible() -> None:
    path = Path()

    path.train(sent=5e6, arrived=5e6)

    assert path.controller.window >= 0.9 * 5e6 * RTT


def test_startup_does_not_believe_a_train_that_met_a_queue() -> None:
    path = Path()
    path.round(rate=1e5)

    path.train(sent=5e6, arrived=5e6, rtt=1.5 * RTT)

    assert path.controller.window < 0.5 * 5e6 * RTT


def test_startup_never_believes_more_than_what_was_sent() -> None:
    path = Path()

    path.train(sent=2e6, arrived=50e6)

    assert path.controller.window < 1.5 * 2e6 * RTT


def test_startup_ends_when_a_round_trip_delivers_what_a_stretched_train_showed() -> None:
    path = Path()
    path.train(sent=5e6, arrived=1e6)
    before = path.controller.phase

    path.round(rate=1e6, in_flight=500_000)
    path.train(sent=5e6, arrived=1e6)

    assert before is Phase.STARTUP
    assert path.controller.phase is not Phase.STARTUP


def test_window_of_a_steady_path_holds_the_path_and_not_much_more() -> None:
    window = settled(1e6).controller.window

    assert 1e6 * RTT <= window <= 4 * 1e6 * RTT


def test_pace_of_a_steady_path_is_near_its_rate() -> None:
    assert 0.5e6 <= settled(1e6).controller.pacing_rate <= 1.5e6


def test_heavy_loss_shrinks_the_window() -> None:
    path = settled()
    before = path.controller.window

    path.round(rate=1e6, loss=0.3)
    path.round(rate=1e6)

    assert path.controller.window <= 0.7 * before * 1.25


def test_little_loss_does_not_shrink_the_window() -> None:
    path = settled()
    before = path.controller.window

    for _ in range(5):
        path.round(rate=1e6, loss=0.02)

    assert path.controller.window >= 0.9 * before


def test_loss_of_one_who_has_too_little_to_send_shrinks_no_window() -> None:
    path = settled()
    before = path.controller.window

    for _ in range(20):
        path.round(rate=1e5, loss=0.3, is_app_limited=True)

    assert path.controller.window >= before


def test_flood_of_one_who_has_too_little_to_send_shrinks_the_window() -> None:
    path = settled()
    before = path.controller.window

    path.round(rate=1e6, loss=0.24, is_app_limited=True)
    path.round(rate=1e6, is_app_limited=True)
    assert path.controller.window >= before, "a quarter may be chance"

    path.round(rate=1e6, loss=0.26, is_app_limited=True)
    path.round(rate=1e6, is_app_limited=True)
    assert path.controller.window <= 0.7 * before * 1.25


def test_two_datagrams_lost_in_a_round_are_chance() -> None:
    path = settled(rate=1.2e5)
    before = path.controller.window

    path.round(rate=1.2e5, loss=2 / 15)
    assert path.controller.window >= before

    path.round(rate=1.2e5, loss=3 / 15)
    path.round(rate=1.2e5)
    assert path.controller.window < before


def test_small_window_does_not_grow_while_one_of_few_is_lost_again_and_again() -> None:
    """Windows of a few datagrams never lose three in a round, however full the path is."""
    path = settled(rate=1.2e5)
    path.round(rate=1.2e5, loss=3 / 15)
    path.round(rate=1.2e5)
    before = path.controller.window

    for _ in range(10):
        path.round(rate=1.2e5, loss=2 / 15)
    assert path.controller.window <= before

    for _ in range(10):
        path.round(rate=1.2e5)
    assert path.controller.window > before


def test_loss_of_little_leaves_the_beginning_open_for_what_comes_next() -> None:
    path = Path()
    for _ in range(20):
        path.round(rate=1e4, loss=0.25, is_app_limited=True)

    assert path.controller.phase is Phase.STARTUP
    assert path.controller.window >= INITIAL_WINDOW


def test_window_grows_by_a_quarter_at_most_after_heavy_loss() -> None:
    path, windows = settled(), []
    for _ in range(30):
        path.round(rate=1e6, loss=0.3)

    for _ in range(10):
        windows.append(path.controller.window)
        path.round(rate=1e6)

    assert windows[0] < 10 * DATAGRAM
    assert all(after <= 1.25 * before for before, after in pairwise(windows))


def test_window_is_never_below_four_datagrams() -> None:
    path = settled()

    for _ in range(100):
        path.controller.on_loss(50)
        path.round(rate=1000.0, loss=0.5)

    assert path.smallest >= RESTART_WINDOW
    assert path.controller.pacing_rate > 0


def test_timeout_leaves_four_datagrams_until_something_is_acknowledged() -> None:
    path = settled()

    path.controller.on_timeout()
    assert path.controller.window == RESTART_WINDOW
    path.round(rate=1e6)

    assert path.controller.window > RESTART_WINDOW


def test_longer_round_trip_that_lasts_is_believed_after_a_while() -> None:
    path = settled()
    for _ in range(600):  # thirty seconds
        path.round(rate=1e6, rtt=4 * RTT)

    assert path.controller.window > 2 * 1e6 * 4 * RTT


def test_queue_that_startup_made_is_drained_before_the_pace_is_steady() -> None:
    path = Path()
    for _ in range(10):
        path.round(rate=1e6, in_flight=500_000)
    draining = path.controller.pacing_rate

    path.round(rate=1e6)

    assert draining < 0.5e6
    assert path.controller.pacing_rate > 0.5e6


def test_more_is_tried_now_and_then_and_less_after_it() -> None:
    path, paces = settled(), []

    for turn in range(40):
        path.round(rate=1e6, in_flight=2 * 50_000 * (turn % 2))
        paces.append(path.controller.pacing_rate)

    assert max(paces) > 1.1e6
    assert min(paces) < 0.9e6


def test_round_trip_that_is_old_is_measured_again_with_half_the_pipe_of_before() -> None:
    """With half of what was under way until then, half of our own queue would stay for ever."""
    path = settled()
    windows = []

    for turn in range(600):
        path.round(rate=1e6, rtt=1.5 * RTT, in_flight=20_000 if turn % 2 else 0)
        windows.append(path.controller.window)

    assert min(windows) == pytest.approx(0.5 * 1e6 * RTT)
    assert windows[-1] > 1e6 * RTT
    assert path.slowest > 0


def test_round_trip_of_a_slow_path_is_measured_again_with_four_datagrams() -> None:
    path = settled(rate=1e5)

    for turn in range(300):
        path.round(rate=1e5, rtt=1.5 * RTT, in_flight=4000 if turn % 2 else 0)

    assert path.smallest == RESTART_WINDOW
    assert path.controller.window > RESTART_WINDOW


def is_measuring(path: Path) -> bool:
    """Tell whether the window is shut to measure the RTT."""
    return path.controller.phase is Phase.PROBE_RTT


def test_datagram_lost_while_few_are_under_way_to_measure_leaves_the_path_filled() -> None:
    path = settled()
    while not is_measuring(path):
        path.round(rate=1e6, rtt=1.5 * RTT)

    path.round(rate=1e6, rtt=RTT, loss=0.25)
    while is_measuring(path):
        path.round(rate=1e6, rtt=RTT)

    assert path.controller.window >= 1e6 * RTT


def test_what_little_is_delivered_while_measuring_is_no_measure_of_the_path() -> None:
    path = settled()
    while not is_measuring(path):
        path.round(rate=1e6, rtt=1.5 * RTT)
    path.round(rate=1e5, rtt=RTT, in_flight=4000, is_app_limited=True)

    assert path.rate.snapshot(4000, now=path.now).is_app_limited
    path.rate.acknowledge(4000, now=path.now)
    assert not path.rate.snapshot(0, now=path.now).is_app_limited


def test_window_is_not_shut_to_measure_who_has_too_little_to_send() -> None:
    path = settled()
    before = path.controller.window

    for _ in range(600):
        path.round(rate=1e5, rtt=2 * RTT, in_flight=24_000, is_app_limited=True)
        assert not is_measuring(path)

    assert path.smallest >= INITIAL_WINDOW
    assert path.controller.window > before + 1e6 * RTT, "the least round trip is the new one"


def test_queue_is_not_believed_to_be_the_path_before_there_is_enough_to_send() -> None:
    path = settled()
    before = path.controller.window

    for _ in range(600):
        path.round(rate=1e5, rtt=1.5 * RTT, in_flight=26_000, is_app_limited=True)
    assert path.controller.window == before

    path.round(rate=1e6, rtt=1.5 * RTT)
    assert is_measuring(path)


def test_train_that_is_late_by_what_round_trips_differ_anyhow_has_met_no_limit() -> None:
    seen, unseen = Path(), Path()
    for path, late in ((seen, 0.033), (unseen, 0.0)):
        path.round(rate=1e4, is_app_limited=True)
        path.round(rate=1e4, rtt=RTT + late, is_app_limited=True)
        path.train(sent=5e6, arrived=1e6)

    assert seen.controller.window > 1.1 * unseen.controller.window


def test_train_that_is_later_than_three_frames_has_met_the_limit_whatever_the_jitter() -> None:
    path = Path()
    path.round(rate=1e4, is_app_limited=True)
    path.round(rate=1e4, rtt=10 * RTT, is_app_limited=True)

    path.train(sent=5e6, arrived=1e5)
    path.round(rate=1e5, in_flight=500_000)
    path.train(sent=5e6, arrived=1e5)

    assert path.controller.phase is not Phase.STARTUP


def test_acknowledgement_without_a_sample_changes_no_window() -> None:
    path = settled()
    before = path.controller.window

    batch = AckedBatch(1.0, True, 0, None, 1, 0, DATAGRAM)  # noqa: FBT003
    path.controller.on_ack(batch, now=path.now)

    assert path.controller.window == before
