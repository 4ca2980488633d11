extends RefCounted
## Unreliable frames to destinations that name several peers: one space of numbers for all of them,
## lanes of their own, no acknowledgements.
##
## Source: protocol_spec/SPEC.md section 16.15.

const Cutter := preload("cutter.gd")
const Frames := preload("../../wire/frames.gd")
const Outgoing := preload("outgoing.gd")
const Packing := preload("packing.gd")

## First byte of a payload: after how many restarts of this member it is sent.
var prefix := 0
## The next sequence of each lane, by its key.
var sequences: Dictionary[int, int] = {}

var _max_payload: int
var _queues: Dictionary[int, Outgoing] = {}  # by destination
var _packing := Packing.new()
var _next_number := 0


func _init(max_payload: int) -> void:
	_max_payload = max_payload


## Queues an unreliable message to destination [param to], 0 or negative.
func push(data: PackedByteArray, to: int, mode: int, channel: int) -> void:
	_queue(to).push(data, mode, channel)


## Queues frames of unreliable messages that stay together.
func push_frames(frames: PackedByteArray, to: int) -> void:
	_queue(to).push_frames(frames)


## Returns, behind [param head], the datagram of frames of unreliable messages that stay together;
## empty when others wait, which go first.
func lone_datagram(head: PackedByteArray, frames: PackedByteArray) -> PackedByteArray:
	if _queues:
		return PackedByteArray()
	var buffer := head.duplicate()
	Frames.append_number(buffer, _next_number, prefix)
	_next_number += 1
	buffer.append_array(frames)
	return buffer


## Tells whether something waits.
func has_work() -> bool:
	return not _queues.is_empty()


## Adds to [param datagrams] those that go out now; [param head_of] makes the header for a
## destination.
func datagrams_to_send(head_of: Callable, datagrams: Array[PackedByteArray]) -> void:
	for to in _queues:
		var head: PackedByteArray = head_of.call(to)
		while _queues[to].has_unreliable():
			datagrams.append(_next_datagram(_queues[to], head))
	_queues.clear()


func _queue(to: int) -> Outgoing:
	if not _queues.has(to):
		_queues[to] = Outgoing.new(Cutter.largest_piece(_max_payload), sequences)
	return _queues[to]


func _next_datagram(queue: Outgoing, head: PackedByteArray) -> PackedByteArray:
	var buffer := head.duplicate()
	Frames.append_number(buffer, _next_number, prefix)
	_next_number += 1
	_packing.start(buffer, _max_payload - Frames.NUMBER_SIZE)
	var piece := queue.take_unreliable(_packing.room())
	while piece != null:
		piece = queue.take_unreliable(_packing.add(piece))
	_packing.finish()
	return buffer
