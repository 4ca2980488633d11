extends RefCounted
## All lanes of one sender: frames in, messages out; each frame stands or falls alone.

const Constants := preload("../../wire/constants.gd")
const Credit := preload("credit.gd")
const Delivered := preload("delivered.gd")
const Frames := preload("../../wire/frames.gd")
const FrameDecoder := preload("../../wire/frame_decoder.gd")
const MemoryBudget := preload("memory_budget.gd")
const PeerMemory := preload("peer_memory.gd")
const ReceiveLane := preload("receive_lane.gd")

const KIND_AT := Constants.HEADER_SIZE + Frames.NUMBER_SIZE  ## Of the first message.

const _NOT_LONE := Frames.CONTROL | Frames.FRAGMENTED | Frames.HAS_LENGTH | Frames.RESERVED

var _credit: Credit
var _reliable: PeerMemory
var _unreliable: PeerMemory  # of its own: nobody repeats what is missing of these
var _lanes: Dictionary[int, ReceiveLane] = {}  # by Piece.lane_key()
var _first: int  # reference of the first sequences
var _ready: Array[PackedByteArray] = []


## Starts; [param first] is the reference of the first sequences (SPEC.md section 16.3).
func _init(budget: MemoryBudget, credit: Credit, first := 0) -> void:
	_first = first
	_credit = credit
	_reliable = PeerMemory.new(budget, true)
	_unreliable = PeerMemory.new(budget, false)


## Adds to [param delivered] the messages that the decoded frames complete; returns the worst
## reason why some did not count, or an empty name.
##
## The worst is [code]reassembly_full[/code]: such a frame has to come again.
func take(decoded: FrameDecoder, delivered: Delivered) -> StringName:
	var failure := &""
	var lane: ReceiveLane = null
	var lane_key := -1
	var heads := decoded.heads
	var payloads := decoded.payloads
	var index := 0
	while index < heads.size():
		var head := heads[index]
		if head >> 24 == 0:  # a whole message of mode UNRELIABLE
			var until := index + 1
			while until < heads.size() and heads[until] == head:
				until += 1
			delivered.add_run(payloads, index, until, head >> 16)
			index = until
			continue
		var key := head >> 16 & 0xFFFF
		if key != lane_key:
			lane_key = key
			lane = _lanes.get(key)
			if lane == null:
				lane = _new_lane(key)
		var taken := lane.take_next(heads, payloads, index)
		if taken:
			delivered.add_run(payloads, index, index + taken, key)
			index += taken
			continue
		var drop := lane.receive(decoded.frame(index), _ready)
		for message in _ready:
			delivered.add(message, key)
		_ready.clear()
		index += 1
		if drop and (not failure or drop == Constants.DROP_REASSEMBLY_FULL):
			failure = drop
	return failure


## Adds to [param delivered] the message of a FRAME datagram of at least 13 bytes, if it is whole,
## the last there and the next of its lane; else false, and nothing has happened.
func take_lone(datagram: PackedByteArray, delivered: Delivered) -> bool:
	var kind := datagram[KIND_AT]
	if kind & _NOT_LONE:
		return false
	var lane_key := kind >> Frames.MODE_SHIFT << 8
	var position := KIND_AT + 1
	if kind & Frames.HAS_CHANNEL:
		lane_key |= datagram[position]
		position += 1
		if not lane_key & 0xFF:
			return false
	if kind & Frames.HAS_SEQUENCE:
		var lane: ReceiveLane = _lanes.get(lane_key)
		var sequence := datagram[position] << 8 | datagram[position + 1]
		position += 2
		if lane == null or not lane.take_lone(sequence, datagram.size() - position):
			return false
	delivered.add(datagram.slice(position), lane_key)
	return true


## Gives back all memory.
func close() -> void:
	for key in _lanes:
		_lanes[key].close()


func _new_lane(key: int) -> ReceiveLane:
	var is_reliable := key >> 8 >= Constants.Mode.RELIABLE
	var memory := _reliable if is_reliable else _unreliable
	_lanes[key] = ReceiveLane.new(key >> 8, memory, _credit, _first)
	return _lanes[key]
