extends RefCounted
## One reliable lane: messages in order, and how many of their pieces are open.

const Constants := preload("../../wire/constants.gd")
const Cutter := preload("cutter.gd")
const Frames := preload("../../wire/frames.gd")
const Packing := preload("packing.gd")
const Piece := preload("piece.gd")
const Run := preload("run.gd")

const _COST := Constants.MESSAGE_COST
const _COMPACT_AT := 1024  # taken messages at the front that are given back to the system

var _mode: int
var _channel: int
var _key: int
var _kind: int  # of a whole message
var _head_size: int  # bytes before it
var _largest: int  # bytes of payload in one piece
var _messages: Array[PackedByteArray] = []
var _next := 0  # pop_front() would move all that follow
var _cutter: Cutter = null
var _is_begun := false  # the next message, though no piece of it was taken
var _next_sequence := 0
var _oldest_open := 0
var _open_pieces: Dictionary[int, int] = {}  # sequence to pieces not acknowledged


func _init(mode: int, channel: int, largest: int) -> void:
	_mode = mode
	_channel = channel
	_key = Piece.lane_key(mode, channel)
	_largest = largest
	_kind = Frames.kind_of(mode, channel, 1)
	_head_size = Frames.head_size(_kind)


## Queues a message; tells whether nothing waited before it, as in [method is_empty].
func push(data: PackedByteArray) -> bool:
	_messages.append(data)
	return _next + 1 == _messages.size() and _cutter == null


## Tells whether nothing waits to be sent for the first time.
func is_empty() -> bool:
	return _cutter == null and _next == _messages.size()


## Tells whether every message was acknowledged.
func is_idle() -> bool:
	return _open_pieces.is_empty() and _next == _messages.size()


## Tells whether a piece can be taken now; a message begins if the credit covers it.
func has_work(credit: int) -> bool:
	if _cutter != null or _is_begun:
		return true
	return _next < _messages.size() and _cost() <= credit and not _is_stretched()


## Tells whether nothing but credit is missing for the next message to begin.
func is_uncovered(credit: int) -> bool:
	return _next < _messages.size() and _cost() > credit and not _is_stretched()


## Returns the next piece if it fits into [param room] bytes, else null; [method has_work] must be
## true. A message that does not fit has begun all the same.
func take(room: int) -> Piece:
	if _cutter == null:
		_is_begun = true
		return _begin() if _next_size() <= room else null
	if _cutter.next_size() > room:
		return null
	var piece := _cutter.take()
	if not _cutter.has_more():
		_cutter = null
	return piece


## Tells whether what comes next is a whole message.
func is_next_whole() -> bool:
	return _cutter == null and _next < _messages.size() and _messages[_next].size() <= _largest


## Returns the next messages that surely fit into [param room] bytes and into the credit; null
## when none does. As [method take] for the first; [method is_next_whole] must be true.
func take_run(room: int, credit: int) -> Piece:
	if not has_work(credit):
		return null
	var may_begin := maxi(1, Constants.LANE_WINDOW - _next_sequence + _oldest_open)
	var end := mini(_messages.size(), _next + may_begin)
	var left := room
	var cost := 0
	var until := _next
	while until < end:
		var size := _messages[until].size()
		var is_covered := cost + size + _COST <= credit or until == _next
		if size > _largest or size + _head_size > left or not is_covered:
			break
		cost += size + _COST
		left -= size + _head_size + Frames.LENGTH_SIZE
		until += 1
		if left < Packing.SMALLEST_ROOM - Frames.LENGTH_SIZE:
			break
	_is_begun = true
	if until - _next <= 1:
		return _begin() if until > _next else null
	return _begin_run(until, room - left - Frames.LENGTH_SIZE, cost)


## Counts a piece of a message as arrived, or [param count] whole messages.
func acknowledge(sequence: int, count: int) -> void:
	for one in range(sequence, sequence + count):
		var open := _open_pieces[one] - 1
		if open:
			_open_pieces[one] = open
		else:
			_open_pieces.erase(one)


func _begin() -> Piece:
	var message := _take_message()
	var piece: Piece
	if message.size() <= _largest:
		piece = Piece.new(_kind, message, _channel, _next_sequence, _key)
		_open_pieces[_next_sequence] = 1
	else:
		_cutter = Cutter.new(message, _mode, _channel, _next_sequence, _largest, _key)
		piece = _cutter.take()
		_open_pieces[_next_sequence] = _cutter.parts
	_next_sequence += 1
	piece.cost = message.size() + _COST
	return piece


func _begin_run(until: int, size: int, cost: int) -> Run:
	var messages := _messages.slice(_next, until)
	var run := Run.new(_kind, messages, _channel, _next_sequence, _key, size)
	run.cost = cost
	for sequence in range(_next_sequence, _next_sequence + run.count):
		_open_pieces[sequence] = 1
	_next_sequence += run.count
	_pass_over(run.count)
	return run


func _take_message() -> PackedByteArray:
	var message := _messages[_next]
	_pass_over(1)
	return message


func _pass_over(count: int) -> void:
	_is_begun = false
	_next += count
	if _next == _messages.size():
		_messages.clear()
		_next = 0
	elif _next >= _COMPACT_AT:
		_messages = _messages.slice(_next)
		_next = 0


## Returns how many bytes the first piece of the next message has in a datagram.
func _next_size() -> int:
	var size := _messages[_next].size()
	if size <= _largest:
		return size + _head_size
	return _largest + Frames.head_size(_kind | Frames.FRAGMENTED)


func _cost() -> int:
	return _messages[_next].size() + _COST


func _is_stretched() -> bool:
	if _next_sequence - _oldest_open < Constants.LANE_WINDOW:
		return false
	while _oldest_open < _next_sequence and not _open_pieces.has(_oldest_open):
		_oldest_open += 1
	return _next_sequence - _oldest_open >= Constants.LANE_WINDOW
