extends RefCounted
## How fast the path delivers: counts what is delivered and turns each acknowledgement into a
## sample.
##
## Source: the delivery-rate estimation of draft-ietf-ccwg-bbr (sections on rate samples).

const SentDatagram := preload("sent_datagram.gd")
const Train := preload("train.gd")

const _SHORTEST := 1e-6  # seconds
const _STRETCH := 1.25

var delivered := 0  ## Bytes acknowledged so far.

var _delivered_at: float
var _first_sent_at: float
var _app_limited_until := 0
var _has_train := false
var _train_delivered := 0  # bytes, when the train began
var _train_sent_at := 0.0
var _train_acked_at := 0.0


func _init(now: float) -> void:
	_delivered_at = now
	_first_sent_at = now


## Writes into a datagram that is sent now what it has to remember.
func mark(datagram: SentDatagram, in_flight: int, now: float) -> void:
	if in_flight == 0:
		_first_sent_at = now
		_delivered_at = now
	datagram.delivered = delivered
	datagram.delivered_at = _delivered_at
	datagram.first_sent_at = _first_sent_at
	datagram.is_app_limited = _app_limited_until > delivered


## Notes that there was nothing to send: samples of this time say too little.
func note_app_limited(in_flight: int) -> void:
	_app_limited_until = delivered + maxi(in_flight, 1)


## Counts acknowledged bytes.
func acknowledge(size: int, now: float) -> void:
	delivered += size
	_delivered_at = now


## Returns bytes a second since the newest acknowledged datagram was sent.
func sample(newest: SentDatagram, now: float) -> float:
	var sending := newest.sent_at - newest.first_sent_at
	var acknowledging := now - newest.delivered_at
	_first_sent_at = newest.sent_at
	return (delivered - newest.delivered) / maxf(maxf(sending, acknowledging), _SHORTEST)


## Returns the newest datagrams as a train, once they are [param size] bytes, else null.
func train(size: float, now: float) -> Train:
	var bytes := delivered - _train_delivered
	var sending := _first_sent_at - _train_sent_at
	var arriving := now - _train_acked_at
	var is_long := _has_train and bytes >= size
	if not _has_train or is_long:
		_has_train = true
		_train_delivered = delivered
		_train_sent_at = _first_sent_at
		_train_acked_at = now
	if not is_long:
		return null
	var rate := bytes / maxf(maxf(sending, arriving), _SHORTEST)
	return Train.new(rate, arriving > _STRETCH * sending)
