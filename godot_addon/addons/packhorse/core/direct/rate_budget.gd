extends RefCounted
## How often something may go out: checks, answers, signals (GCRA).

var _interval: float  # seconds
var _ahead: float  # seconds
var _conforms_at := 0.0  # when the next event would conform without a burst


## Allows [param rate] events a second on average and [param burst] at once.
func _init(rate: float, burst: int) -> void:
	_interval = 1.0 / rate
	_ahead = (burst - 1) / rate


## Returns when the next event may happen, clock seconds.
func ready_at() -> float:
	return _conforms_at - _ahead


## Counts an event; false when it has to wait.
func take(now: float) -> bool:
	if now < ready_at():
		return false
	_conforms_at = maxf(_conforms_at, now) + _interval
	return true
