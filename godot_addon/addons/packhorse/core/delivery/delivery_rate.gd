extends RefCounted
## How fast the path delivers: counts what is delivered and turns each acknowledgement into a
## sample.
##
## Source: the delivery-rate estimation of draft-ietf-ccwg-bbr (sections on rate samples).

const SentDatagram := preload("sent_datagram.gd")

const _SHORTEST := 1e-6  # seconds

var delivered := 0  ## Bytes acknowledged so far.

var _delivered_at: float
var _first_sent_at: float
var _app_limited_until := 0


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
