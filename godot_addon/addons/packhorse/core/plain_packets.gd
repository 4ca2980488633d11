extends RefCounted
## Unreliable packets that were sent in one frame, by destination: one alone goes as it is, several
## that fit go joined.
##
## A lane is that of Piece.lane_key(): mode and channel; 0 for UNRELIABLE on channel 0.
## Source: protocol_spec/SPEC.md section 16.2.

const Constants := preload("../wire/constants.gd")
const Frames := preload("../wire/frames.gd")

const _NOBODY := 1 << 32  # no destination

## What must go out: packets that stay alone, or frames of several, each with its destination in
## [member destinations], whether it is alone in [member singles], and its lane beside it.
var payloads: Array[PackedByteArray] = []
var destinations: PackedInt32Array = []  ## 0 all others, n peer n, -n all others but n.
var singles: Array[bool] = []  ## Not joined.
var lanes: PackedInt32Array = []  ## Of packets that stay alone.
## Returns the next sequences of the unreliable lanes to a destination, which are counted up there.
var sequences_of := Callable()

var _largest: int
var _open_for := _NOBODY
var _open: PackedByteArray  # of _joined, for the destination that came last
var _sequences_for := _NOBODY
var _sequences: Dictionary[int, int]  # to that destination
var _alone: Dictionary[int, PackedByteArray] = {}  # the only packet so far, by destination
var _alone_lanes: Dictionary[int, int] = {}
var _joined: Dictionary[int, PackedByteArray] = {}  # frames of several, by destination


## Joins packets as long as they have at most [param largest] bytes with what joins them.
func _init(largest: int) -> void:
	_largest = largest


## Takes a packet of [param lane] for [param destination].
func put(packet: PackedByteArray, destination: int, lane := 0) -> void:
	if destination == _open_for and _fits(_open, packet, lane):
		_append(packet, lane)
	elif _joined.has(destination):
		_join(packet, destination, lane)
	elif _alone.has(destination):
		_begin(packet, destination, lane)
	else:
		_leave_alone(packet, destination, lane)


## Takes a packet for the destination and of the lane of the one before; false, and nothing has
## happened, when it has to go by [method put].
func put_again(packet: PackedByteArray, lane: int) -> bool:
	if _open_for == _NOBODY or not _fits(_open, packet, lane):
		return false
	_append(packet, lane)
	return true


## Tells whether there is nothing to flush and nothing to take out.
func is_empty() -> bool:
	return not _alone and not _joined and not payloads


## Moves what waits to [member payloads].
func flush() -> void:
	for destination in _alone:
		_emit(_alone[destination], destination, true, _alone_lanes[destination])
	for destination in _joined:
		_emit(_joined[destination], destination, false)
	_start_over()


## Forgets everything.
func clear() -> void:
	clear_ready()
	_start_over()


## Takes out what must go out.
func clear_ready() -> void:
	payloads.clear()
	destinations.clear()
	singles.clear()
	lanes.clear()


func _start_over() -> void:
	_alone.clear()
	_alone_lanes.clear()
	_joined.clear()
	_open_for = _NOBODY
	_sequences_for = _NOBODY


func _fits(frames: PackedByteArray, packet: PackedByteArray, lane: int) -> bool:
	var head := Frames.WHOLE_SIZE if lane else Frames.PLAIN_SIZE
	return frames.size() + head + packet.size() <= _largest


## Joins a second packet to the first, if both fit.
func _begin(packet: PackedByteArray, destination: int, lane: int) -> void:
	var first := _alone[destination]
	var first_lane := _alone_lanes[destination]
	var heads := Frames.PLAIN_SIZE if not lane and not first_lane else Frames.WHOLE_SIZE
	if first.size() + packet.size() + 2 * heads > _largest:
		_emit(first, destination, true, first_lane)
		_leave_alone(packet, destination, lane)
		return
	_alone.erase(destination)
	_joined[destination] = PackedByteArray()
	_reopen(destination)
	_append(first, first_lane)
	_append(packet, lane)


func _join(packet: PackedByteArray, destination: int, lane: int) -> void:
	var frames := _joined[destination]
	if _fits(frames, packet, lane):
		_reopen(destination)
		_append(packet, lane)
		return
	_emit(frames, destination, false)
	_joined.erase(destination)
	_leave_alone(packet, destination, lane)


func _leave_alone(packet: PackedByteArray, destination: int, lane: int) -> void:
	_alone[destination] = packet
	_alone_lanes[destination] = lane
	_open_for = _NOBODY


func _reopen(destination: int) -> void:
	_open = _joined[destination]
	_open_for = destination


func _append(packet: PackedByteArray, lane: int) -> void:
	if not lane:
		Frames.append_plain(_open, packet)
		return
	var sequence := 0
	if lane >> 8 != Constants.Mode.UNRELIABLE:
		if _sequences_for != _open_for:
			_sequences_for = _open_for
			_sequences = sequences_of.call(_open_for)
		sequence = _sequences.get(lane, 0)
		_sequences[lane] = sequence + 1
	Frames.append_whole(_open, packet, lane, sequence)


func _emit(payload: PackedByteArray, destination: int, is_single: bool, lane := 0) -> void:
	payloads.append(payload)
	destinations.append(destination)
	singles.append(is_single)
	lanes.append(lane)
