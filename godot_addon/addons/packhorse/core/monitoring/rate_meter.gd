extends RefCounted
## Turns a counter that only grows into a rate.

var rate := 0.0  ## A second, between the last two samples that counted.

var _total := -1.0
var _sampled_at := 0.0  # clock seconds
var _interval: float


## Counts samples that are at least [param interval] seconds apart.
func _init(interval := 0.25) -> void:
	_interval = interval


## Takes in the counter's value at [param now], clock seconds; returns [member rate], which is 0
## after the first sample and when the counter has started anew.
func add(total: float, now: float) -> float:
	if _total >= 0.0 and now - _sampled_at < _interval:
		return rate
	rate = maxf(0.0, total - _total) / (now - _sampled_at) if _total >= 0.0 else 0.0
	_total = total
	_sampled_at = now
	return rate
