extends RefCounted
## How much may be under way, and how fast it may leave: a model of the path as in BBR.
##
## The model is the largest delivery rate of ten rounds and the smallest RTT of ten seconds.
## Their product is what the path holds; we keep up to twice that under way and send at the
## delivery rate. At first we look ahead: some datagrams sent in quick succession show what the
## path takes, before that much is under way. Random loss does not slow us down. Two kinds of
## loss do: that of more than a tenth of a round, for then the queue before us is smaller than we
## think, and any loss while a queue stands, for then others want to share it.
## Source: draft-ietf-ccwg-bbr; protocol_spec/SPEC.md section 16.13.

## What the controller is finding out.
enum Phase { STARTUP, DRAIN, PROBE_BANDWIDTH, PROBE_RTT }

const AckedBatch := preload("acked_batch.gd")
const Constants := preload("../../wire/constants.gd")
const DeliveryRate := preload("delivery_rate.gd")
const WindowedMax := preload("windowed_max.gd")

const _DATAGRAM := 1200  # bytes
const _INITIAL_WINDOW := 32.0 * _DATAGRAM
const _SMALLEST_WINDOW := 4.0 * _DATAGRAM
const _BANDWIDTH_ROUNDS := 10
const _RTT_WINDOW := 10.0  # seconds
const _PROBE_RTT_GAIN := 0.5
const _PROBE_RTT_TIME := 0.2  # seconds
const _GUESSED_RTT := 0.05  # seconds; before the first sample
const _STARTUP_GAIN := 2.77
const _DRAIN_GAIN := 0.35
const _WINDOW_GAIN := 2.0
const _NEARLY_FULL_GAIN := 1.5  # in STARTUP, when a train has met the limit of the path
const _TURN := 0.005  # seconds' worth more: programs act, and acknowledge, in bursts
const _CYCLE: Array[float] = [1.25, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
const _TRAIN := 0.25  # of the window: so much of it shows at what rate it came through
const _NO_QUEUE := 1.125  # of the smallest RTT, and _TURN more or what they differ anyhow
const _MOST_SPREAD := 0.05  # seconds; three frames. More would hide the limit of a path
const _FULL := 0.9  # of the rate of trains: STARTUP has found what the path delivers
const _FULL_GROWTH := 1.25  # a round of STARTUP that grows less counts towards "full"
const _FULL_ROUNDS := 3
const _LOSSES_BY_CHANCE := 3  # datagrams of a round; fewer are no sign
const _LOSS_BOUND := 0.10  # of a round's datagrams
const _FLOOD_BOUND := 0.25  # the same, when we had too little to send
const _LOSS_BACKOFF := 0.7
const _STANDING_QUEUE := 1.4  # of the smallest RTT
const _SHARE_BACKOFF := 0.8  # after a loss while a queue stands: leave room to other flows
const _SHARE_GROWTH := 2.0 * _DATAGRAM  # bytes a round until the bound is forgotten
const _OVERFLOW := 16  # datagrams lost within a round: a flood, and the end of STARTUP

var phase := Phase.STARTUP

var _rate: DeliveryRate
var _bandwidth := WindowedMax.new(_BANDWIDTH_ROUNDS)
var _idle_rtt := WindowedMax.new(_BANDWIDTH_ROUNDS)  # while there was too little to send
var _min_rtt := -1.0  # seconds; below 0 before the first sample
var _min_rtt_at: float
var _round := 0
var _round_ends_at := 0  # bytes delivered
var _full_bandwidth := 0.0
var _full_rounds := 0
var _cycle := 0
var _cycle_at: float
var _probe_rtt_until := INF  # clock seconds; INF until little enough is under way
var _shut_window := 0.0  # bytes; that of PROBE_RTT
var _round_acked := 0
var _round_lost := 0
var _is_round_used := false  # by a sender that had enough to send
var _round_rtt := INF  # smallest of the round
var _window_bound := INF
var _train_rate := 0.0  # bytes a second; the largest
var _is_limit_seen := false
var _is_conservative := false
var _window := -1.0  # bytes; below 0 when it has to be reckoned anew
var _pacing_rate := -1.0  # bytes a second; as _window


func _init(rate: DeliveryRate, now: float) -> void:
	_rate = rate
	_min_rtt_at = now
	_cycle_at = now


## Returns the bytes that may be under way.
func window() -> float:
	if _window < 0.0:
		_window = _reckon_window()
	return _window


## Returns the bytes a second at which datagrams may leave.
func pacing_rate() -> float:
	if _pacing_rate < 0.0:
		_pacing_rate = _reckon_pacing_rate()
	return _pacing_rate


## Everything seems lost: feels the way with a few datagrams.
func on_timeout() -> void:
	_is_conservative = true
	_window = -1.0


## Counts datagrams that time alone declared lost.
func on_loss(lost: int) -> void:
	_round_lost += lost


## Refines the model.
func on_ack(batch: AckedBatch, now: float) -> void:
	_is_conservative = false
	_window = -1.0
	_pacing_rate = -1.0
	if batch.rtt > 0.0:
		_round_rtt = minf(_round_rtt, batch.rtt)
	var is_new_round := batch.delivered_when_sent >= _round_ends_at
	_round_acked += batch.acked
	_round_lost += batch.lost
	_is_round_used = _is_round_used or not batch.is_app_limited
	if is_new_round:
		_begin_round()
	if batch.rate >= _bandwidth.value or not batch.is_app_limited:
		_bandwidth.add(batch.rate, _round)
	if batch.is_app_limited and batch.rtt >= 0.0:
		_idle_rtt.add(batch.rtt, _round)
	if phase == Phase.STARTUP and not batch.is_app_limited:
		_look_ahead(batch.rtt, now)
		if is_new_round:
			_check_full()
	if _round_lost >= _OVERFLOW and _is_round_lossy():
		_full_rounds = _FULL_ROUNDS  # the queue before us overflows: no need to wait
	_advance(batch.in_flight, now)
	_take_rtt(batch, now)
	if phase == Phase.PROBE_RTT:
		_advance_probe_rtt(batch.in_flight, now)


func _reckon_window() -> float:
	if _is_conservative:
		return _SMALLEST_WINDOW
	if phase == Phase.PROBE_RTT:
		return _shut_window
	if _min_rtt < 0.0 or _bandwidth.value == 0.0:
		return _INITIAL_WINDOW
	return _open_window()


func _reckon_pacing_rate() -> float:
	var bandwidth := _bandwidth.value
	if bandwidth == 0.0 or _min_rtt < 0.0:
		return _STARTUP_GAIN * _INITIAL_WINDOW / (_min_rtt if _min_rtt > 0.0 else _GUESSED_RTT)
	if phase == Phase.STARTUP:  # what little an application said so far is no measure
		bandwidth = maxf(bandwidth, _least_window() / maxf(_min_rtt, _TURN))
	return maxf(bandwidth * _gain(), 2.0 * _DATAGRAM)


## Returns the window of all times but those when it is shut on purpose.
func _open_window() -> float:
	return maxf(_least_window(), minf(_wanted_window(), _window_bound))


func _wanted_window() -> float:
	var is_nearly_full := phase == Phase.STARTUP and _is_limit_seen
	var gain := _NEARLY_FULL_GAIN if is_nearly_full else _WINDOW_GAIN
	return gain * _pipe() + _for_late_answers() + 3.0 * _DATAGRAM


## Returns what may be under way however little was delivered in a round trip so far.
func _least_window() -> float:
	if phase != Phase.STARTUP:
		return _SMALLEST_WINDOW
	return maxf(_INITIAL_WINDOW, _train_rate * maxf(_min_rtt, 0.0))


## Believes the rate of a train that met no queue; each one is sent faster than before.
##
## When one comes through more slowly than it was sent, its rate is all that the path delivers,
## and STARTUP ends as soon as a whole round trip delivers as much.
func _look_ahead(rtt: float, now: float) -> void:
	var spread := _spread()
	var train := _rate.train(_TRAIN * _least_window(), spread, now)
	if train == null or rtt <= 0.0 or _min_rtt <= 0.0:
		return
	if rtt <= _NO_QUEUE * _min_rtt + maxf(_TURN, spread):
		_train_rate = maxf(_train_rate, train.rate)
	_is_limit_seen = _is_limit_seen or train.is_stretched
	if _is_limit_seen and _bandwidth.value >= _FULL * _train_rate:
		_full_rounds = _FULL_ROUNDS


## Returns by how much round trips differ that met no queue of ours, seconds: jitter does that, and
## so do games that send and read once a frame.
func _spread() -> float:
	return clampf(_idle_rtt.value - maxf(_min_rtt, 0.0), 0.0, _MOST_SPREAD)


func _gain() -> float:
	match phase:
		Phase.STARTUP:
			return _STARTUP_GAIN
		Phase.DRAIN:
			return _DRAIN_GAIN
		Phase.PROBE_BANDWIDTH:
			return _CYCLE[_cycle]
	return 1.0


## Returns what must be under way besides, so that the receiver's delays do not bind us.
##
## It acknowledges every eighth datagram at once, fewer of them only after a while: a window of
## fewer would measure that while instead of the path, and never grow again.
func _for_late_answers() -> float:
	var delay_worth := 2.0 * Constants.ACK_DELAY * _bandwidth.value
	var delayed := minf(delay_worth, 2.0 * Constants.ACK_EVERY * _DATAGRAM)
	return maxf(delayed, _bandwidth.value * _TURN)


func _pipe() -> float:
	return _bandwidth.value * maxf(_min_rtt, 0.0)


func _begin_round() -> void:
	_round += 1
	_round_ends_at = _rate.delivered
	if _is_round_lossy():
		_window_bound = maxf(_SMALLEST_WINDOW, _open_window() * _LOSS_BACKOFF)
		_full_rounds = _FULL_ROUNDS
	elif _is_round_used and _round_lost and _is_queue_standing():
		_window_bound = maxf(_SMALLEST_WINDOW, _open_window() * _SHARE_BACKOFF)
	elif _window_bound >= 2.0 * _wanted_window():
		_window_bound = INF
	elif not _is_round_used or _lost_share() <= _LOSS_BOUND:
		_window_bound += minf(_SHARE_GROWTH, _window_bound / 4.0)
	_round_acked = 0
	_round_lost = 0
	_is_round_used = false
	_round_rtt = INF


## Tells whether the queue never emptied in this round: others fill it too, or we do.
func _is_queue_standing() -> bool:
	return _min_rtt >= 0.0 and _round_rtt > _STANDING_QUEUE * _min_rtt


## Tells whether more was lost than chance takes, of what fills a path or even of a game.
func _is_round_lossy() -> bool:
	var fewest := _LOSSES_BY_CHANCE if _is_round_used else _OVERFLOW
	var bound := _LOSS_BOUND if _is_round_used else _FLOOD_BOUND
	return _round_lost >= fewest and _lost_share() > bound


func _lost_share() -> float:
	return float(_round_lost) / maxi(1, _round_acked + _round_lost)


func _check_full() -> void:
	if _bandwidth.value >= _full_bandwidth * _FULL_GROWTH:
		_full_bandwidth = _bandwidth.value
		_full_rounds = 0
	else:
		_full_rounds += 1


func _advance(in_flight: int, now: float) -> void:
	if phase == Phase.STARTUP and _full_rounds >= _FULL_ROUNDS:
		phase = Phase.DRAIN
	if phase == Phase.DRAIN and in_flight <= _pipe():
		_enter_probe_bandwidth(now)
	if phase == Phase.PROBE_BANDWIDTH:
		_advance_cycle(in_flight, now)


func _enter_probe_bandwidth(now: float) -> void:
	phase = Phase.PROBE_BANDWIDTH
	_cycle = 2
	_cycle_at = now


func _advance_cycle(in_flight: int, now: float) -> void:
	var gain := _CYCLE[_cycle]
	var has_lasted := now - _cycle_at > maxf(_min_rtt, 0.0)
	var is_done := has_lasted
	if gain > 1.0:
		is_done = has_lasted and (in_flight >= gain * _pipe() or _round_lost > 0)
	elif gain < 1.0:
		is_done = has_lasted or in_flight <= _pipe()
	if is_done:
		_cycle = (_cycle + 1) % _CYCLE.size()
		_cycle_at = now


## Keeps the least RTT; when it is old, sees to it that no queue hides what it is now.
func _take_rtt(batch: AckedBatch, now: float) -> void:
	if batch.rtt < 0.0:
		return
	var is_expired := now - _min_rtt_at > _RTT_WINDOW
	if _min_rtt < 0.0 or batch.rtt <= _min_rtt:
		_min_rtt = batch.rtt
		_min_rtt_at = now
	elif is_expired and phase != Phase.PROBE_RTT:
		var newest := minf(batch.rtt, _round_rtt)
		var shut_window := _half_pipe()
		if not batch.is_app_limited:
			phase = Phase.PROBE_RTT
			_probe_rtt_until = INF
			_shut_window = shut_window
		elif newest > _STANDING_QUEUE * _min_rtt and batch.in_flight > shut_window:
			return  # perhaps a queue of ours; when we have enough to send, we shall see
		_min_rtt = newest
		_min_rtt_at = now


## Returns the window in which queues drain; not one for an RTT with our queue in it.
func _half_pipe() -> float:
	return maxf(_SMALLEST_WINDOW, _PROBE_RTT_GAIN * _pipe())


func _advance_probe_rtt(in_flight: int, now: float) -> void:
	_rate.note_app_limited(in_flight)  # what so little delivers is no measure
	if _probe_rtt_until == INF:
		if in_flight <= _shut_window:
			_probe_rtt_until = now + maxf(_PROBE_RTT_TIME, maxf(_min_rtt, 0.0))
	elif now >= _probe_rtt_until:
		_min_rtt_at = now
		if _full_rounds >= _FULL_ROUNDS:
			_enter_probe_bandwidth(now)
		else:
			phase = Phase.STARTUP
			_train_rate = 0.0
			_is_limit_seen = false
