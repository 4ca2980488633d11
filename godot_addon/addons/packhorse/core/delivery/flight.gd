extends RefCounted
## What is under way to one peer, and what its acknowledgements and its silence tell: round-trip
## time, losses, and how much may be under way.
##
## Source: protocol_spec/SPEC.md sections 16.9 to 16.13.

const AckedBatch := preload("acked_batch.gd")
const CongestionController := preload("congestion.gd")
const DeliveryRate := preload("delivery_rate.gd")
const FrameDecoder := preload("../../wire/frame_decoder.gd")
const Frames := preload("../../wire/frames.gd")
const Outgoing := preload("outgoing.gd")
const RetransmissionTimer := preload("retransmission_timer.gd")
const Rtt := preload("../rtt.gd")
const SentDatagrams := preload("sent_datagrams.gd")

const _LONGEST_DELAY := Frames.MAX_DELAY / 1000.0  # seconds; also stands for more

var rtt := Rtt.new()  ## Round-trip time to the peer.
var sent: SentDatagrams
var timer: RetransmissionTimer

var _rate: DeliveryRate
var _congestion: CongestionController
var _batch := AckedBatch.new()


## Tells [param outgoing] what has arrived and what has to be sent again.
func _init(outgoing: Outgoing, now: float) -> void:
	_rate = DeliveryRate.new(now)
	sent = SentDatagrams.new(outgoing, _rate)
	timer = RetransmissionTimer.new(rtt)
	_congestion = CongestionController.new(_rate, now)


## Tells whether the window has place; whatever it is, it has when nothing is under way.
func has_place() -> bool:
	return not sent.bytes_in_flight or sent.bytes_in_flight < _congestion.window()


## Returns the bytes a second at which datagrams may leave.
func pacing_rate() -> float:
	return _congestion.pacing_rate()


## Notes that there is place, and nothing to send.
func note_app_limited() -> void:
	_rate.note_app_limited(sent.bytes_in_flight)


## Returns when [method handle_timeout] has work, clock seconds; INF for never.
func next_timeout() -> float:
	return minf(sent.loss_at, timer.deadline())


## Does what is due; tells whether the peer's silence asks for a probe.
func handle_timeout(now: float) -> bool:
	if sent.loss_at <= now:
		_handle_losses(now)
	if now < timer.deadline():
		return false
	if not timer.expire(now):
		return true
	sent.give_up_all()
	_congestion.on_timeout()
	return false


## Takes in the acknowledgement in [param decoded], whose largest number is [param largest].
func take_ack(decoded: FrameDecoder, largest: int, now: float) -> void:
	var is_newer := largest > sent.largest_acked
	sent.acknowledge(decoded, largest, _batch, now)
	_batch.rtt = _sample_rtt(largest, decoded.ack_delay, now) if is_newer else -1.0
	if not _batch.acked:
		_handle_losses(now)
		return
	_batch.lost = sent.detect_losses(_rtt_for_losses(), now)
	_batch.in_flight = sent.bytes_in_flight
	timer.answer(sent.is_empty(), now)
	_congestion.on_ack(_batch, now)


## Gives up everything under way, so that it is sent again: its path has fallen silent.
func doubt_path(now: float) -> void:
	sent.give_up_all()
	timer.answer(true, now)


## Forgets RTT and congestion: they were those of another path (SPEC.md section 16.16).
func change_path(now: float) -> void:
	rtt.forget()
	_congestion = CongestionController.new(_rate, now)


## Returns a sample in seconds, or -1 when it cannot be told.
func _sample_rtt(largest: int, delay: float, now: float) -> float:
	var sent_at := sent.sent_at(largest)
	if sent_at < 0.0 or delay >= _LONGEST_DELAY:
		return -1.0
	var raw := now - sent_at
	var sample := maxf(raw - delay, raw / 8.0)
	rtt.add(sample)
	return sample


func _rtt_for_losses() -> float:
	return maxf(maxf(rtt.smoothed, rtt.latest), 0.0)


func _handle_losses(now: float) -> void:
	_congestion.on_loss(sent.detect_losses(_rtt_for_losses(), now))
