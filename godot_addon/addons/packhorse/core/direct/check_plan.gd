extends RefCounted
## When an address that is not proven is checked in one attempt.
##
## The openings go out with the TTL of all others, because a script cannot set it.
## Source: protocol_spec/SPEC.md section 18.4.

const Constants := preload("../../wire/constants.gd")

const _LARGE_EVERY := 4
const _SLOW_MIN := 0.01  # seconds

## When the next check is to be sent, clock seconds; INF after the last.
var due: float

var _starts_at: float
var _openings: int
var _sent := 0


## Plans an attempt that begins at [param starts_at]; with [param opens] by OPENINGS small checks.
func _init(starts_at: float, opens: bool) -> void:
	due = starts_at
	_starts_at = starts_at
	_openings = Constants.OPENINGS if opens else 0


## Takes the check that is due and plans the next; tells whether it has the largest size. [param
## fraction] is random, 0 to below 1.
func take(fraction: float) -> bool:
	var number := _sent - _openings
	_sent += 1
	due += _distance(fraction)
	if due >= _starts_at + Constants.ATTEMPT_TIME:
		due = INF
	return number >= 0 and number % _LARGE_EVERY == 0


func _distance(fraction: float) -> float:
	if due < _starts_at + Constants.CHECK_FAST:
		return Constants.CHECK_INTERVAL
	return _SLOW_MIN + fraction * (Constants.CHECK_SLOW_MAX - _SLOW_MIN)
