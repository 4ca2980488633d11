extends RefCounted
## Some probes, one after the other, and which of them were answered.

const Message := preload("../../wire/message.gd")
const RelayProbe := preload("relay_probe.gd")

var samples := PackedFloat64Array()  ## Seconds that each answered probe took.
var largest := 0  ## Bytes of the largest probe that was answered.
var answer: Message = null  ## The last answer.

var _probe: RelayProbe
var _sizes: Array[int]
var _interval: float
var _patience: float
var _needs_one: bool
var _sent := 0
var _send_at: float  # clock seconds


## Sends probes of these [param sizes] in bytes, [param interval] seconds apart, and waits [param
## patience] seconds for the last; with [param needs_one], the first answer is enough.
func _init(
	random_bytes: Callable, sizes: Array[int], interval: float, patience: float, needs_one := false
) -> void:
	_probe = RelayProbe.new(random_bytes)
	_sizes = sizes
	_interval = interval
	_patience = patience
	_needs_one = needs_one
	_send_at = -INF


## Returns the probe that is due, else nothing.
func next_request(now: float) -> PackedByteArray:
	if _sent == _sizes.size() or now < _send_at or is_done(now):
		return PackedByteArray()
	_sent += 1
	_send_at = now + (_interval if _sent < _sizes.size() else _patience)
	return _probe.next_request(_sizes[_sent - 1], now)


## Takes in a datagram; true when it answers a probe of this round.
func receive(data: PackedByteArray, now: float) -> bool:
	if not _probe.receive(data, now):
		return false
	samples.append(_probe.seconds)
	answer = _probe.answer
	largest = maxi(largest, _sizes[_probe.answered - 1])
	return true


## Tells whether nothing more is awaited.
func is_done(now: float) -> bool:
	if _needs_one and samples or samples.size() == _sizes.size():
		return true
	return _sent == _sizes.size() and now >= _send_at


## Returns how many probes went out.
func sent() -> int:
	return _sent
