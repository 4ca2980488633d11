"""How much may be under way, and how fast it may leave: a model of the path as in BBR.

The model is the largest delivery rate of ten rounds and the smallest RTT of ten seconds.
Their product is what the path holds; we keep up to twice that under way and send at the
delivery rate. At first we look ahead: some datagrams sent in quick succession show what the
path takes, before that much is under way. Random loss does not slow us down. Two kinds of
loss do: that of more than a tenth of a round, for then the queue before us is smaller than we
think, and any loss while a queue stands, for then others want to share it.
Source: draft-ietf-ccwg-bbr; SPEC.md section 16.13.
"""

from enum import Enum
from typing import Final, NamedTuple

from packhorse.core.delivery.bandwidth import DeliveryRate, WindowedMax
from packhorse.wire.constants import ACK_DELAY, ACK_EVERY

_DATAGRAM: Final = 1200  # bytes
_INITIAL_WINDOW: Final = 32 * _DATAGRAM
_SMALLEST_WINDOW: Final = 4 * _DATAGRAM
_BANDWIDTH_ROUNDS: Final = 10
_RTT_WINDOW: Final = 10.0  # seconds
_PROBE_RTT_GAIN: Final = 0.5
_PROBE_RTT_TIME: Final = 0.2  # seconds
_STARTUP_GAIN: Final = 2.77
_DRAIN_GAIN: Final = 0.35
_WINDOW_GAIN: Final = 2.0
_NEARLY_FULL_GAIN: Final = 1.5  # in STARTUP, when a train has met the limit of the path
_TURN: Final = 0.005  # seconds' worth more: event loops act, and acknowledge, in bursts
_CYCLE: Final = (1.25, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
_TRAIN: Final = 0.25  # of the window: so much of it shows at what rate it came through
_NO_QUEUE: Final = 1.125  # of the smallest RTT, and _TURN more or what they differ anyhow
_MOST_SPREAD: Final = 0.05  # seconds; three frames. More would hide the limit of a path
_FULL: Final = 0.9  # of the rate of trains: STARTUP has found what the path delivers
_FULL_GROWTH: Final = 1.25  # a round of STARTUP that grows less counts towards "full"
_FULL_ROUNDS: Final = 3
_LOSSES_BY_CHANCE: Final = 3  # datagrams of a round; fewer are no sign
_LOSS_BOUND: Final = 0.10  # of a round's datagrams
_FLOOD_BOUND: Final = 0.25  # the same, when we had too little to send
_LOSS_BACKOFF: Final = 0.7
_STANDING_QUEUE: Final = 1.4  # of the smallest RTT
_SHARE_BACKOFF: Final = 0.8  # after a loss while a queue stands: leave room to other flows
_SHARE_GROWTH: Final = 2 * _DATAGRAM  # bytes a round until the bound is forgotten
_OVERFLOW: Final = 16  # datagrams lost within a round: a flood, and the end of STARTUP


class Phase(Enum):
    """What the controller is finding out."""

    STARTUP = "startup"
    DRAIN = "drain"
    PROBE_BANDWIDTH = "probe_bandwidth"
    PROBE_RTT = "probe_rtt"


class AckedBatch(NamedTuple):
    """What one acknowledgement told."""

    rate: float
    """Bytes a second."""
    is_app_limited: bool
    delivered_when_sent: int
    """Bytes delivered when the newest acknowledged datagram was sent."""
    rtt: float | None
    """Seconds."""
    acked: int
    """Datagrams."""
    lost: int
    """Datagrams."""
    in_flight: int
    """Bytes still under way."""


class CongestionController:
    """Window in bytes and pacing rate in bytes a second."""

    def __init__(self, rate: DeliveryRate, *, now: float) -> None:
        self._rate = rate
        self.phase = Phase.STARTUP
        self._bandwidth = WindowedMax(_BANDWIDTH_ROUNDS)
        self._idle_rtt = WindowedMax(_BANDWIDTH_ROUNDS)  # while there was too little to send
        self._min_rtt: float | None = None
        self._min_rtt_at = now
        self._round = 0
        self._round_ends_at = 0  # bytes delivered
        self._full_bandwidth = 0.0
        self._full_rounds = 0
        self._cycle = 0
        self._cycle_at = now
        self._probe_rtt_until: float | None = None
        self._shut_window = 0.0  # bytes; that of PROBE_RTT
        self._round_acked = 0
        self._round_lost = 0
        self._is_round_used = False  # by a sender that had enough to send
        self._round_rtt = float("inf")  # smallest of the round
        self._window_bound = float("inf")
        self._train_rate = 0.0  # bytes a second; the largest
        self._is_limit_seen = False
        self._is_conservative = False
        self.window = 0.0
        """Bytes that may be under way."""
        self.pacing_rate = 0.0
        """Bytes a second at which datagrams may leave."""
        self._conclude()

    def on_timeout(self) -> None:
        """Everything seems lost: feel the way with a few datagrams."""
        self._is_conservative = True
        self._conclude()

    def on_loss(self, lost: int) -> None:
        """Count datagrams that time alone declared lost."""
        self._round_lost += lost

    def on_ack(self, batch: AckedBatch, *, now: float) -> None:
        """Refine the model."""
        self._is_conservative = False
        self._round_rtt = min(self._round_rtt, batch.rtt or self._round_rtt)
        is_new_round = batch.delivered_when_sent >= self._round_ends_at
        self._round_acked += batch.acked
        self._round_lost += batch.lost
        self._is_round_used |= not batch.is_app_limited
        if is_new_round:
            self._begin_round()
        if batch.rate >= self._bandwidth.value or not batch.is_app_limited:
            self._bandwidth.add(batch.rate, self._round)
        if batch.is_app_limited and batch.rtt is not None:
            self._idle_rtt.add(batch.rtt, self._round)
        if self.phase is Phase.STARTUP and not batch.is_app_limited:
            self._look_ahead(batch.rtt, now)
            if is_new_round:
                self._check_full()
        if self._round_lost >= _OVERFLOW and self._is_round_lossy():
            self._full_rounds = _FULL_ROUNDS  # the queue before us overflows: no need to wait
        self._advance(batch.in_flight, now)
        self._take_rtt(batch, now)
        self._advance_probe_rtt(batch.in_flight, now)
        self._conclude()

    def _conclude(self) -> None:
        """Follow the model, once for the many datagrams that ask."""
        self.window = self._window()
        self.pacing_rate = self._pacing_rate()

    def _window(self) -> float:
        if self._is_conservative:
            return _SMALLEST_WINDOW
        if self.phase is Phase.PROBE_RTT:
            return self._shut_window
        if self._min_rtt is None or not self._bandwidth.value:
            return _INITIAL_WINDOW
        return self._open_window()

    def _pacing_rate(self) -> float:
        bandwidth = self._bandwidth.value
        if not bandwidth or self._min_rtt is None:
            return _STARTUP_GAIN * _INITIAL_WINDOW / (self._min_rtt or 0.05)
        if self.phase is Phase.STARTUP:  # what little an application said so far is no measure
            bandwidth = max(bandwidth, self._least_window() / max(self._min_rtt, _TURN))
        return max(bandwidth * self._gain(), 2 * _DATAGRAM)

    def _open_window(self) -> float:
        """Return the window of all times but those when it is shut on purpose."""
        return max(self._least_window(), min(self._wanted_window(), self._window_bound))

    def _wanted_window(self) -> float:
        is_nearly_full = self.phase is Phase.STARTUP and self._is_limit_seen
        gain = _NEARLY_FULL_GAIN if is_nearly_full else _WINDOW_GAIN
        return gain * self._pipe() + self._for_late_answers() + 3 * _DATAGRAM

    def _least_window(self) -> float:
        """Return what may be under way however little was delivered in a round trip so far."""
        if self.phase is not Phase.STARTUP:
            return _SMALLEST_WINDOW
        return max(_INITIAL_WINDOW, self._train_rate * (self._min_rtt or 0.0))

    def _look_ahead(self, rtt: float | None, now: float) -> None:
        """Believe the rate of a train that met no queue; each one is sent faster than before.

        When one comes through more slowly than it was sent, its rate is all that the path
        delivers, and STARTUP ends as soon as a whole round trip delivers as much.
        """
        spread = self._spread()
        train = self._rate.train(_TRAIN * self._least_window(), spread=spread, now=now)
        if train is None or not rtt or not self._min_rtt:
            return
        if rtt <= _NO_QUEUE * self._min_rtt + max(_TURN, spread):
            self._train_rate = max(self._train_rate, train.rate)
        self._is_limit_seen |= train.is_stretched
        if self._is_limit_seen and self._bandwidth.value >= _FULL * self._train_rate:
            self._full_rounds = _FULL_ROUNDS

    def _spread(self) -> float:
        """Return by how much round trips differ that met no queue of ours, seconds.

        Jitter does that, and so do games that send and read once a frame.
        """
        differ = self._idle_rtt.value - (self._min_rtt or 0.0)
        return max(0.0, min(differ, _MOST_SPREAD))

    def _gain(self) -> float:
        match self.phase:
            case Phase.STARTUP:
                return _STARTUP_GAIN
            case Phase.DRAIN:
                return _DRAIN_GAIN
            case Phase.PROBE_BANDWIDTH:
                return _CYCLE[self._cycle]
            case Phase.PROBE_RTT:
                return 1.0

    def _for_late_answers(self) -> float:
        """Return what must be under way besides, so that the receiver's delays do not bind us.

        It acknowledges every eighth datagram at once, fewer of them only after a while: a
        window of fewer would measure that while instead of the path, and never grow again.
        """
        delayed = min(2 * ACK_DELAY * self._bandwidth.value, 2 * ACK_EVERY * _DATAGRAM)
        return max(delayed, self._bandwidth.value * _TURN)

    def _pipe(self) -> float:
        return self._bandwidth.value * (self._min_rtt or 0.0)

    def _begin_round(self) -> None:
        self._round += 1
        self._round_ends_at = self._rate.delivered
        if self._is_round_lossy():
            self._window_bound = max(_SMALLEST_WINDOW, self._open_window() * _LOSS_BACKOFF)
            self._full_rounds = _FULL_ROUNDS
        elif self._is_round_used and self._round_lost and self._is_queue_standing():
            self._window_bound = max(_SMALLEST_WINDOW, self._open_window() * _SHARE_BACKOFF)
        elif self._window_bound >= 2 * self._wanted_window():
            self._window_bound = float("inf")
        elif not self._is_round_used or self._lost_share() <= _LOSS_BOUND:
            self._window_bound += min(_SHARE_GROWTH, self._window_bound / 4)
        self._round_acked = self._round_lost = 0
        self._is_round_used = False
        self._round_rtt = float("inf")

    def _is_queue_standing(self) -> bool:
        """Tell whether the queue never emptied in this round: others fill it too, or we do."""
        return self._min_rtt is not None and self._round_rtt > _STANDING_QUEUE * self._min_rtt

    def _is_round_lossy(self) -> bool:
        """Tell whether more was lost than chance takes, of what fills a path or even of a game."""
        is_used = self._is_round_used
        fewest, bound = (_LOSSES_BY_CHANCE, _LOSS_BOUND) if is_used else (_OVERFLOW, _FLOOD_BOUND)
        return self._round_lost >= fewest and self._lost_share() > bound

    def _lost_share(self) -> float:
        return self._round_lost / max(1, self._round_acked + self._round_lost)

    def _check_full(self) -> None:
        if self._bandwidth.value >= self._full_bandwidth * _FULL_GROWTH:
            self._full_bandwidth = self._bandwidth.value
            self._full_rounds = 0
        else:
            self._full_rounds += 1

    def _advance(self, in_flight: int, now: float) -> None:
        if self.phase is Phase.STARTUP and self._full_rounds >= _FULL_ROUNDS:
            self.phase = Phase.DRAIN
        if self.phase is Phase.DRAIN and in_flight <= self._pipe():
            self._enter_probe_bandwidth(now)
        if self.phase is Phase.PROBE_BANDWIDTH:
            self._advance_cycle(in_flight, now)

    def _enter_probe_bandwidth(self, now: float) -> None:
        self.phase = Phase.PROBE_BANDWIDTH
        self._cycle = 2
        self._cycle_at = now

    def _advance_cycle(self, in_flight: int, now: float) -> None:
        gain = _CYCLE[self._cycle]
        has_lasted = now - self._cycle_at > (self._min_rtt or 0.0)
        is_done = has_lasted
        if gain > 1:
            is_done = has_lasted and (in_flight >= gain * self._pipe() or self._round_lost > 0)
        elif gain < 1:
            is_done = has_lasted or in_flight <= self._pipe()
        if is_done:
            self._cycle = (self._cycle + 1) % len(_CYCLE)
            self._cycle_at = now

    def _take_rtt(self, batch: AckedBatch, now: float) -> None:
        """Keep the least RTT; when it is old, see to it that no queue hides what it is now."""
        if batch.rtt is None:
            return
        is_expired = now - self._min_rtt_at > _RTT_WINDOW
        if self._min_rtt is None or batch.rtt <= self._min_rtt:
            self._min_rtt, self._min_rtt_at = batch.rtt, now
        elif is_expired and self.phase is not Phase.PROBE_RTT:
            newest, shut_window = min(batch.rtt, self._round_rtt), self._half_pipe()
            if not batch.is_app_limited:
                self.phase, self._shut_window = Phase.PROBE_RTT, shut_window
                self._probe_rtt_until = None
            elif newest > _STANDING_QUEUE * self._min_rtt and batch.in_flight > shut_window:
                return  # perhaps a queue of ours; when we have enough to send, we shall see
            self._min_rtt, self._min_rtt_at = newest, now

    def _half_pipe(self) -> float:
        """Return the window in which queues drain; not one for an RTT with our queue in it."""
        return max(_SMALLEST_WINDOW, _PROBE_RTT_GAIN * self._pipe())

    def _advance_probe_rtt(self, in_flight: int, now: float) -> None:
        if self.phase is not Phase.PROBE_RTT:
            return
        self._rate.note_app_limited(in_flight)  # what so little delivers is no measure
        if self._probe_rtt_until is None:
            if in_flight <= self._shut_window:
                self._probe_rtt_until = now + max(_PROBE_RTT_TIME, self._min_rtt or 0.0)
        elif now >= self._probe_rtt_until:
            self._min_rtt_at = now
            is_full = self._full_rounds >= _FULL_ROUNDS
            self._enter_probe_bandwidth(now) if is_full else self._restart()

    def _restart(self) -> None:
        self.phase = Phase.STARTUP
        self._train_rate, self._is_limit_seen = 0.0, False
