extends "retransmission.gd"
## Repeats a request that was heard but not yet answered, at one interval.

var _interval: float
var _until: float


func _init(interval: float, patience: float, now: float) -> void:
	super(now)
	_interval = interval
	_until = now + patience
	deadline = now + interval


func is_exhausted() -> bool:
	return deadline >= _until


## How many were lost is not known, so that the size is not made smaller.
func count_send(now: float) -> void:
	deadline = minf(now + _interval, _until)
