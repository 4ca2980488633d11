extends RefCounted
## All lanes of one sender: frames in, messages out; each frame stands or falls alone.

const Constants := preload("../../wire/constants.gd")
const Credit := preload("credit.gd")
const Delivered := preload("delivered.gd")
const Frame := preload("../../wire/frame.gd")
const FrameDecoder := preload("../../wire/frame_decoder.gd")
const MemoryBudget := preload("memory_budget.gd")
const PeerMemory := preload("peer_memory.gd")
const Piece := preload("piece.gd")
const ReceiveLane := preload("receive_lane.gd")

var _credit: Credit
var _reliable: PeerMemory
var _unreliable: PeerMemory  # of its own: nobody repeats what is missing of these
var _lanes: Dictionary[int, ReceiveLane] = {}
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
	for index in decoded.count:
		var frame := decoded.messages[index]
		if frame.mode == Constants.Mode.UNRELIABLE and frame.parts == 1:
			delivered.add(frame.payload, Constants.Mode.UNRELIABLE, frame.channel)
			continue
		var lane: ReceiveLane = _lanes.get(frame.mode << 8 | frame.channel)
		if lane == null:
			lane = _new_lane(frame)
		var drop := lane.receive(frame, _ready)
		for message in _ready:
			delivered.add(message, frame.mode, frame.channel)
		_ready.clear()
		if drop and (not failure or drop == Constants.DROP_REASSEMBLY_FULL):
			failure = drop
	return failure


## Gives back all memory.
func close() -> void:
	for key in _lanes:
		_lanes[key].close()


func _new_lane(frame: Frame) -> ReceiveLane:
	var is_reliable := frame.mode >= Constants.Mode.RELIABLE
	var memory := _reliable if is_reliable else _unreliable
	var lane := ReceiveLane.new(frame.mode, memory, _credit, _first)
	_lanes[Piece.lane_key(frame.mode, frame.channel)] = lane
	return lane
