extends RefCounted
## How fast the path delivers: counts what is delivered and turns each acknowledgement into a
## sample.
##
## Source: the delivery-rate estimation of draft-ietf-ccwg-bbr (sections on rate samples).

const Train := preload("train.gd")

const _SHORTEST := 1e-6  # seconds
const _STRETCH := 1.25

var delivered := 0  ## Bytes acknowledged so far.
var delivered_at: float  ## When the last of them were, or sending began, clock seconds.
var first_sent_at: float  ## When what was acknowledged last was sent, as [member delivered_at].
var app_limited_until := 0  ## Samples say too little before so many bytes are delivered.

var _has_train := false
var _train_delivered := 0  # bytes, when the train began
var _train_sent_at := 0.0
var _train_acked_at := 0.0


func _init(now: float) -> void:
	delivered_at = now
	first_sent_at = now


## Notes that a datagram is sent while nothing is under way.
func begin(now: float) -> void:
	first_sent_at = now
	delivered_at = now


## Notes that there was nothing to send: samples of this time say too little.
func note_app_limited(in_flight: int) -> void:
	app_limited_until = delivered + maxi(in_flight, 1)


## Counts [param size] acknowledged bytes; returns bytes a second since the newest datagram of them
## was sent, at [param sent_at]. The others are the members as they were then.
func acknowledge(
	size: int,
	its_delivered: int,
	its_delivered_at: float,
	its_first_sent_at: float,
	sent_at: float,
	now: float
) -> float:
	delivered += size
	delivered_at = now
	first_sent_at = sent_at
	var sending := sent_at - its_first_sent_at
	var acknowledging := now - its_delivered_at
	return (delivered - its_delivered) / maxf(maxf(sending, acknowledging), _SHORTEST)


## Returns the newest datagrams as a train, once they are [param size] bytes, else null. Round trips
## differ by [param spread] seconds anyhow.
func train(size: float, spread: float, now: float) -> Train:
	var bytes := delivered - _train_delivered
	var sending := first_sent_at - _train_sent_at
	var arriving := now - _train_acked_at
	var is_long := _has_train and bytes >= size
	if not _has_train or is_long:
		_has_train = true
		_train_delivered = delivered
		_train_sent_at = first_sent_at
		_train_acked_at = now
	if not is_long:
		return null
	var rate := bytes / maxf(maxf(sending, arriving), _SHORTEST)
	return Train.new(rate, arriving > _STRETCH * sending + spread)
