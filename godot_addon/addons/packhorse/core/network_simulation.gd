extends RefCounted
## A worse network: holds datagrams back and loses some of them.
##
## One object is one direction. Each datagram waits for the latency and for a part of the jitter
## that is drawn for it, so that datagrams may overtake each other.

const NetworkConditions := preload("network_conditions.gd")

## Datagrams that wait at most; further ones are lost.
const MAX_WAITING := 4096

var _conditions: NetworkConditions
var _draw: Callable
var _waiting: Array[PackedByteArray] = []  # those that are due first come last
var _due_at := PackedFloat64Array()  # clock seconds, by the same index


## Follows [param conditions] also when they change, but for what is on its way; [param draw]
## returns random numbers, 0 to below 1.
func _init(conditions: NetworkConditions, draw: Callable) -> void:
	_conditions = conditions
	_draw = draw


## Takes a datagram that enters at [param now], clock seconds.
func push(datagram: PackedByteArray, now: float) -> void:
	var fate: float = _draw.call()
	var part: float = _draw.call()
	if fate < _conditions.loss or _waiting.size() >= MAX_WAITING:
		return
	var due_at := now + _conditions.latency + _conditions.jitter * part
	var index := _waiting.size()
	while index > 0 and _due_at[index - 1] <= due_at:
		index -= 1
	_waiting.insert(index, datagram)
	_due_at.insert(index, due_at)


## Returns the datagrams that are due at [param now], in the order in which they leave.
func take(now: float) -> Array[PackedByteArray]:
	var due: Array[PackedByteArray] = []
	while _waiting and _due_at[-1] <= now:
		due.append(_waiting.pop_back())
		_due_at.resize(_due_at.size() - 1)
	return due


## Returns how many datagrams wait.
func size() -> int:
	return _waiting.size()
