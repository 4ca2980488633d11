extends RefCounted
## What waits to be sent to one peer: repairs first, then all lanes in turn.
##
## Source: protocol_spec/SPEC.md section 16.14.

const Constants := preload("../../wire/constants.gd")
const Cutter := preload("cutter.gd")
const Piece := preload("piece.gd")
const Run := preload("run.gd")
const SendLane := preload("send_lane.gd")

## Reliable payload that may wait, bytes; nothing is queued beyond it.
const SEND_BUFFER := 8 << 20

const _MESSAGE_COST := 64  # bytes of the send buffer that a message takes besides its own
const _MAX_UNRELIABLE := 1024  # pieces; the oldest give way
const _NO_CREDIT := -1

## Reliable payload that was never sent yet, bytes.
var queued_bytes := 0
## Reliable messages that have not begun.
var queued_messages := 0
## The next sequence of each unreliable lane, by its key.
var sequences: Dictionary[int, int]

var _largest_piece: int
var _unreliable: Array[Piece] = []
var _next_unreliable := 0  # pop_front() would move all that follow
var _repairs: Array[Piece] = []
var _next_repair := 0
var _lanes: Dictionary[int, SendLane] = {}
var _turn: Array[SendLane] = []
var _last_lane: SendLane = null  # that took the last reliable message


## Cuts messages into pieces of [param largest_piece] bytes; [param next_sequences] are those of the
## unreliable lanes.
func _init(largest_piece: int, next_sequences: Dictionary[int, int]) -> void:
	_largest_piece = largest_piece
	sequences = next_sequences


## Tells whether nothing waits at all.
func is_empty() -> bool:
	return not (_turn or _unreliable or _repairs)


## Tells whether unreliable pieces wait.
func has_unreliable() -> bool:
	return _next_unreliable < _unreliable.size()


## Tells whether a reliable piece could be sent now.
func has_reliable(credit: int) -> bool:
	if _repairs and _has_repairs():
		return true
	return _turn and _next_lane(credit) != null


## Tells whether every reliable message was acknowledged.
func is_idle() -> bool:
	for key in _lanes:
		if not _lanes[key].is_idle():
			return false
	return true


## Tells whether the send buffer has room for a reliable message.
func has_room() -> bool:
	return queued_bytes + queued_messages * _MESSAGE_COST < SEND_BUFFER


## Queues an unreliable message.
func push(data: PackedByteArray, mode: int, channel: int) -> void:
	var lane := Piece.UNCOUNTED
	if data.size() <= _largest_piece:
		var sequence := 0 if mode == Constants.Mode.UNRELIABLE else _take_sequence(mode, channel)
		_unreliable.append(Cutter.whole(data, mode, channel, sequence, lane))
	else:
		var sequence := _take_sequence(mode, channel)
		var cutter := Cutter.new(data, mode, channel, sequence, _largest_piece, lane)
		while cutter.has_more():
			_unreliable.append(cutter.take())
	_drop_oldest()


## Queues a reliable message.
func push_reliable(data: PackedByteArray, mode: int, channel: int) -> void:
	var lane: SendLane = _lanes.get(mode << 8 | channel)  # Piece.lane_key()
	if lane == null:
		lane = SendLane.new(mode, channel, _largest_piece)
		_lanes[Piece.lane_key(mode, channel)] = lane
	_last_lane = lane
	push_again(data)


## Queues a message in the lane of the reliable one before; the caller has looked for room.
func push_again(data: PackedByteArray) -> void:
	if _last_lane.push(data):
		_turn.append(_last_lane)
	queued_bytes += data.size()
	queued_messages += 1


## Queues frames that stay together.
func push_frames(frames: PackedByteArray) -> void:
	_unreliable.append(Piece.joined(frames))
	_drop_oldest()


## Queues a control frame, before everything else.
func push_control(piece: Piece) -> void:
	piece.is_waiting = true
	_repairs = _repairs.slice(_next_repair)
	_next_repair = 0
	_repairs.push_front(piece)


## Returns the lane whose messages may leave while all that waits is whole messages in that lane;
## null when more than that has to be looked at.
func lone_lane() -> SendLane:
	if _repairs or _unreliable or _turn.size() != 1 or not _turn[0].is_all_whole():
		return null
	return _turn[0]


## Notes that messages of [method lone_lane] have left.
func note_taken(bytes: int, messages: int) -> void:
	queued_bytes -= bytes
	queued_messages -= messages
	if _turn[0].is_empty():
		_turn.clear()


## Returns the next unreliable piece if it fits into [param room] bytes, else null.
func take_unreliable(room: int) -> Piece:
	if _next_unreliable == _unreliable.size():
		return null
	var piece := _unreliable[_next_unreliable]
	if piece.size > room:
		return null
	_next_unreliable += 1
	if _next_unreliable == _unreliable.size():
		_unreliable.clear()
		_next_unreliable = 0
	return piece


## Returns the next reliable piece if it fits into [param room] bytes and into the credit, else
## null.
func take_reliable(room: int, credit: int) -> Piece:
	if _repairs and _has_repairs():
		return _take_repair(room)
	if _turn.size() == 1 and _turn[0].is_next_whole():
		return _take_run(room, credit)
	var lane := _next_lane(credit)
	return _take_from(lane, room) if lane != null else null


## Queues pieces to be sent again, before everything else.
func repair(pieces: Array[Piece]) -> void:
	for piece in pieces:
		var run := piece as Run
		if run != null and run.halves:
			repair(run.halves)
		elif not piece.is_acked and not piece.is_waiting:
			piece.is_waiting = true
			_repairs.append(piece)


## Returns messages that left without pieces as what [method repair] takes.
func pieces_of(lane: int, first: int, count: int) -> Array[Piece]:
	return [_lanes[lane].make_run(first, count)]


## Notes that messages of a lane have arrived, which left without pieces.
func acknowledge_messages(lane: int, first: int, count: int) -> void:
	if count:
		_lanes[lane].acknowledge(first, count)


## Notes that pieces have arrived.
func acknowledge(pieces: Array[Piece]) -> void:
	for piece in pieces:
		if piece.is_acked:
			continue
		piece.is_acked = true
		var run := piece as Run
		if run != null and run.halves:
			acknowledge(run.halves)
		elif piece.lane != Piece.UNCOUNTED:
			_lanes[piece.lane].acknowledge(piece.sequence, piece.count)


func _drop_oldest() -> void:
	if _unreliable.size() - _next_unreliable > _MAX_UNRELIABLE:
		_unreliable = _unreliable.slice(_unreliable.size() - _MAX_UNRELIABLE)
		_next_unreliable = 0


func _take_sequence(mode: int, channel: int) -> int:
	var key := Piece.lane_key(mode, channel)
	var sequence: int = sequences.get(key, 0)
	sequences[key] = sequence + 1
	return sequence


## Tells whether lost pieces wait to be sent again; passes over those that have arrived meanwhile.
func _has_repairs() -> bool:
	while _next_repair < _repairs.size():
		if not _repairs[_next_repair].is_acked:
			return true
		_repairs[_next_repair].is_waiting = false
		_next_repair += 1
	_repairs.clear()
	_next_repair = 0
	return false


func _take_repair(room: int) -> Piece:
	var piece := _repairs[_next_repair]
	var fitting := piece.count_fitting(room)
	if not fitting:
		return null
	piece.is_waiting = false
	if fitting < piece.count:
		var run: Run = piece
		run.cut(fitting)
		run.halves[1].is_waiting = true
		_repairs[_next_repair] = run.halves[1]
		return run.halves[0]
	_next_repair += 1
	return piece


func _take_run(room: int, credit: int) -> Piece:
	var piece := _turn[0].take_run(room, credit)
	if piece == null:
		return null
	note_taken(_turn[0].taken_bytes, piece.count)
	return piece


func _take_from(lane: SendLane, room: int) -> Piece:
	var piece := lane.take(room)
	if piece == null:
		return null
	queued_bytes -= piece.payload.size()
	if piece.part == 0:
		queued_messages -= 1
	if _turn.size() > 1 or lane.is_empty():
		_turn.erase(lane)
		if not lane.is_empty():
			_turn.append(lane)
	return piece


## Returns whose turn it is, or null; a message that waits for credit lets no other begin before.
func _next_lane(credit: int) -> SendLane:
	for lane in _turn:
		if lane.has_work(credit):
			return lane
		if lane.is_uncovered(credit):
			credit = _NO_CREDIT
	return null
