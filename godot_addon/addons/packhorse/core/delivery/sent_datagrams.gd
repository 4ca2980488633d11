extends RefCounted
## Datagrams under way: which were acknowledged, which count as lost.
##
## Finds losses by later acknowledgements and by time (RACK), and learns from mistakes.
## Source: protocol_spec/SPEC.md section 16.10.

const Constants := preload("../../wire/constants.gd")
const FrameDecoder := preload("../../wire/frame_decoder.gd")
const Piece := preload("piece.gd")
const SentDatagram := preload("sent_datagram.gd")

const _GRANULARITY := 0.001  # seconds; RFC 9002 section 6.1.2
const _MAX_TIME_THRESHOLD := 2.0  # of the RTT, when much is reordered
const _MAX_REORDER_THRESHOLD := 256  # datagrams
const _TIMED := 2048  # datagrams whose time of sending is known
const _REMEMBERED := 1024  # datagrams declared lost that may yet prove to have arrived

var bytes_in_flight := 0
## When the next datagram counts as lost by time, clock seconds; INF for never.
var loss_at := INF
## The largest number that was acknowledged; -1 before the first.
var largest_acked := -1

var _in_flight: Dictionary[int, SentDatagram] = {}  # ascending by number
var _declared_lost: Dictionary[int, SentDatagram] = {}
var _late: Array[Piece] = []
var _times := PackedFloat64Array()  # by number, in a ring
var _timed_until := 0  # number after the newest in the ring
var _reorder_threshold := Constants.REORDER_THRESHOLD
var _time_threshold := Constants.TIME_THRESHOLD


func _init() -> void:
	_times.resize(_TIMED)


## Tells whether nothing is under way.
func is_empty() -> bool:
	return _in_flight.is_empty()


## Returns the newest datagram under way; null when there is none.
func newest() -> SentDatagram:
	return _in_flight[_in_flight.keys()[-1]] if _in_flight else null


## Remembers when a datagram was sent, whether or not it asks for an acknowledgement.
func note_time(number: int, now: float) -> void:
	_times[number % _TIMED] = now
	_timed_until = number + 1


## Returns when the datagram with a number was sent, clock seconds; -1 when that was long ago.
func sent_at(number: int) -> float:
	var is_known := number < _timed_until and number >= maxi(0, _timed_until - _TIMED)
	return _times[number % _TIMED] if is_known else -1.0


## Notes a datagram that was sent.
func add(datagram: SentDatagram) -> void:
	_in_flight[datagram.number] = datagram
	bytes_in_flight += datagram.size


## Returns what the acknowledgement in [param decoded], whose largest number is [param largest],
## newly acknowledges, ascending.
func acknowledge(decoded: FrameDecoder, largest: int) -> Array[SentDatagram]:
	largest_acked = maxi(largest_acked, largest)
	var acked: Array[SentDatagram] = []
	for number in _in_flight:
		if number > largest:
			break
		if decoded.covers(largest - number):
			acked.append(_in_flight[number])
	for datagram in acked:
		_remove(datagram)
	if _declared_lost:
		_learn_from(decoded, largest)
	return acked


## Returns the pieces of datagrams that were acknowledged after they counted as lost.
func take_late() -> Array[Piece]:
	var late := _late
	_late = []
	return late


## Removes and returns the datagrams that count as lost by now.
func detect_losses(rtt: float, now: float) -> Array[SentDatagram]:
	loss_at = INF
	var patience := maxf(_time_threshold * rtt, _GRANULARITY)
	var lost: Array[SentDatagram] = []
	for number in _in_flight:
		if number > largest_acked:
			break
		var datagram := _in_flight[number]
		var is_overtaken := largest_acked - number >= _reorder_threshold
		if is_overtaken or datagram.sent_at + patience <= now:
			lost.append(datagram)
		elif loss_at == INF:
			loss_at = datagram.sent_at + patience
	for datagram in lost:
		_declare_lost(datagram)
	return lost


## Removes and returns everything under way: the retransmission timeout has come.
func give_up_all() -> Array[SentDatagram]:
	var lost: Array[SentDatagram] = []
	lost.assign(_in_flight.values())
	for datagram in lost:
		_declare_lost(datagram)
	loss_at = INF
	return lost


func _learn_from(decoded: FrameDecoder, largest: int) -> void:
	for age in 8 * decoded.ack_bitmap.size() + 1:
		if _declared_lost.has(largest - age) and decoded.covers(age):
			_learn(_declared_lost[largest - age])
			_declared_lost.erase(largest - age)


## Waits longer from now on: what was declared lost was only late.
func _learn(datagram: SentDatagram) -> void:
	_late.append_array(datagram.pieces)
	var overtaken := datagram.overtaken_by - datagram.number
	_time_threshold = minf(_time_threshold * 1.25, _MAX_TIME_THRESHOLD)
	var threshold := maxi(_reorder_threshold, overtaken + 1)
	_reorder_threshold = mini(threshold, _MAX_REORDER_THRESHOLD)


func _declare_lost(datagram: SentDatagram) -> void:
	_remove(datagram)
	datagram.overtaken_by = largest_acked
	_declared_lost[datagram.number] = datagram
	if _declared_lost.size() > _REMEMBERED:
		for oldest in _declared_lost:
			_declared_lost.erase(oldest)
			break


func _remove(datagram: SentDatagram) -> void:
	_in_flight.erase(datagram.number)
	bytes_in_flight -= datagram.size
