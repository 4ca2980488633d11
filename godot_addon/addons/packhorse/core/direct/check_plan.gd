extends RefCounted
## When an address that is not proven is checked in one attempt.
##
## The openings go out with the TTL of all others, because a script cannot set it.
## Source: protocol_spec/SPEC.md section 18.4.

const Constants := preload("../../wire/constants.gd")

const _SLOW_MIN := 0.01  # seconds

## When the next check is to be sent, clock seconds; INF after the last.
var due: float

var _starts_at: float
var _interval := Constants.CHECK_INTERVAL
var _ends_at: float


## Plans an attempt that begins at [param begins_at], for an address that is the peer's or, with
## [param is_predicted], only expected to be.
func _init(begins_at: float, is_predicted := false) -> void:
	_starts_at = begins_at
	_ends_at = begins_at + Constants.ATTEMPT_TIME
	if is_predicted:
		_starts_at += Constants.PREDICTED_WAIT
		_interval = Constants.PREDICTED_INTERVAL
		_ends_at = _starts_at + Constants.CHECK_FAST
	due = _starts_at


## Plans the check after the one that goes out at [param now]. [param fraction] is random, 0 to
## below 1.
func take(fraction: float, now: float) -> void:
	due = now + _distance(fraction, now)
	if due >= _ends_at:
		due = INF


func _distance(fraction: float, now: float) -> float:
	if now < _starts_at + Constants.CHECK_FAST:
		return _interval
	return _SLOW_MIN + fraction * (Constants.CHECK_SLOW_MAX - _SLOW_MIN)
