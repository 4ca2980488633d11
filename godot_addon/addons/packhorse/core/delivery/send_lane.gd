extends RefCounted
## One reliable lane: messages in order, and which of them are open.

const Constants := preload("../../wire/constants.gd")
const Cutter := preload("cutter.gd")
const Frames := preload("../../wire/frames.gd")
const Packing := preload("packing.gd")
const Piece := preload("piece.gd")
const Run := preload("run.gd")

const _COST := Constants.MESSAGE_COST
const _COMPACT_AT := 1024  # messages at the front that have arrived and are given up

var channel: int
var kind: int  ## Type byte of a whole message.
var key: int  ## As Piece.lane_key().
var next_sequence := 0  ## That of the next message to be taken.
var waiting := 0  ## Messages that have not been begun.
var taken_bytes := 0  ## Payload of the messages that were taken last.

var _mode: int
var _head_size: int  # bytes before a whole message
var _largest: int  # bytes of payload in one piece
var _messages: Array[PackedByteArray] = []  # first those that are open
var _next := 0  # place of the message with next_sequence; pop_front() would move all that follow
var _large := 0  # messages that wait and have to be cut
var _cutter: Cutter = null
var _is_begun := false  # the next message, though no piece of it was taken
var _oldest_open := 0  # the first sequence that is not acknowledged
var _acked_early: Dictionary[int, int] = {}  # behind it: how many messages from a sequence on
var _open_pieces: Dictionary[int, int] = {}  # of messages that were cut, by sequence


func _init(mode: int, on_channel: int, largest: int) -> void:
	_mode = mode
	channel = on_channel
	key = Piece.lane_key(mode, channel)
	_largest = largest
	kind = Frames.kind_of(mode, channel, 1)
	_head_size = Frames.head_size(kind)


## Queues a message; tells whether nothing waited before it, as in [method is_empty].
func push(data: PackedByteArray) -> bool:
	_messages.append(data)
	waiting += 1
	if data.size() > _largest:
		_large += 1
	return waiting == 1 and _cutter == null


## Tells whether nothing waits to be sent for the first time.
func is_empty() -> bool:
	return not waiting and _cutter == null


## Tells whether every message was acknowledged.
func is_idle() -> bool:
	return not waiting and _oldest_open == next_sequence


## Tells whether a piece can be taken now; a message begins if the credit covers it.
func has_work(credit: int) -> bool:
	if _cutter != null or _is_begun:
		return true
	return waiting and _cost() <= credit and not _is_stretched()


## Tells whether nothing but credit is missing for the next message to begin.
func is_uncovered(credit: int) -> bool:
	return waiting and _cost() > credit and not _is_stretched()


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
	return _cutter == null and waiting and _messages[_next].size() <= _largest


## Tells whether nothing that waits has to be cut.
func is_all_whole() -> bool:
	return _cutter == null and not _large


## Returns the next messages that surely fit into [param room] bytes and into the credit; null
## when none does. As [method take] for the first; [method is_next_whole] must be true.
func take_run(room: int, credit: int) -> Run:
	var count := _count_fitting(room, credit)
	if not count:
		return null
	var run := make_run(next_sequence, count)
	run.cost = taken_bytes + count * _COST
	_pass_over(count)
	return run


## As [method take_run], but writes the messages into a datagram that ends with them; returns how
## many.
func write(buffer: PackedByteArray, room: int, credit: int) -> int:
	var count := _count_fitting(room, credit)
	if count:
		var end := _next + count
		Frames.append_run(buffer, _messages, _next, end, kind, channel, next_sequence, true)
		_pass_over(count)
	return count


## Returns [param count] messages that were taken from the number [param first] on and are not
## acknowledged.
func make_run(first: int, count: int) -> Run:
	var place := _next + first - next_sequence
	return Run.new(kind, _messages.slice(place, place + count), channel, first, key)


## Counts a piece of a message as arrived, or [param count] whole messages.
func acknowledge(sequence: int, count: int) -> void:
	if _open_pieces.has(sequence):
		_open_pieces[sequence] -= 1
		if _open_pieces[sequence]:
			return
		_open_pieces.erase(sequence)
	if sequence != _oldest_open:
		_acked_early[sequence] = count
		return
	_oldest_open += count
	while _acked_early.has(_oldest_open):
		var further := _acked_early[_oldest_open]
		_acked_early.erase(_oldest_open)
		_oldest_open += further
	_compact()


## Tells how many of the next messages may go into [param room] bytes.
func _count_fitting(room: int, credit: int) -> int:
	var end := mini(_messages.size(), _next + Constants.LANE_WINDOW - _count_open())
	var left := room
	taken_bytes = 0
	var until := _next
	while until < end:
		var size := _messages[until].size()
		var is_first := until == _next
		if (
			taken_bytes + size + (until - _next + 1) * _COST > credit
			and not (is_first and _is_begun)
		):
			break
		if size > _largest or size + _head_size > left:
			_is_begun = _is_begun or is_first
			break
		taken_bytes += size
		left -= size + _head_size + Frames.LENGTH_SIZE
		until += 1
		if left < Packing.SMALLEST_ROOM - Frames.LENGTH_SIZE:
			break
	return until - _next


func _begin() -> Piece:
	var message := _messages[_next]
	var piece: Piece
	if message.size() <= _largest:
		piece = Piece.new(kind, message, channel, next_sequence, key)
	else:
		_large -= 1
		_cutter = Cutter.new(message, _mode, channel, next_sequence, _largest, key)
		piece = _cutter.take()
		_open_pieces[next_sequence] = _cutter.parts
		_messages[_next] = PackedByteArray()  # its pieces have it
	_pass_over(1)
	piece.cost = message.size() + _COST
	return piece


func _pass_over(count: int) -> void:
	_is_begun = false
	_next += count
	waiting -= count
	next_sequence += count


## Forgets messages that have arrived.
func _compact() -> void:
	var arrived := _next + _oldest_open - next_sequence
	if arrived == _messages.size():
		_messages.clear()
		_next = 0
	elif arrived >= _COMPACT_AT:
		_messages = _messages.slice(arrived)
		_next -= arrived


## Returns how many bytes the first piece of the next message has in a datagram.
func _next_size() -> int:
	var size := _messages[_next].size()
	if size <= _largest:
		return size + _head_size
	return _largest + Frames.head_size(kind | Frames.FRAGMENTED)


func _cost() -> int:
	return _messages[_next].size() + _COST


func _is_stretched() -> bool:
	return _count_open() >= Constants.LANE_WINDOW


func _count_open() -> int:
	return next_sequence - _oldest_open
