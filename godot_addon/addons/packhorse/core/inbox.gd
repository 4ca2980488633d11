extends "delivery/delivered.gd"
## Messages that wait for the game: columns instead of objects, because every packet passes through.
##
## [member lanes] say who has sent a message, too, in the bits above a lane.

const MAX_PACKETS := 4096  ## Further unreliable ones are refused.

const _SOURCE_SHIFT := 16
const _COMPACT_AT := 1024  # taken packets at the front that are given back to the system

## Who sends what [method add] is given.
var source := 0
## Where messages that were not taken are counted, by drop reason.
var drops: Dictionary[StringName, int] = {}
var waiting := 0  ## How many messages wait.
var next_peer := 0  ## Who sent the next message; 0 when there is none.
var next_mode := 0  ## The [enum Mode] of constants.gd of the next message.
var next_channel := 0  ## The channel of the next message.

var _next := 0  # pop_front() would move all that follow


## Adds a message from [member source], or counts why not.
##
## An empty packet would make Godot leave the others of its frame unread.
func add(message: PackedByteArray, lane: int) -> void:
	if not message:
		_count_drop(Constants.DROP_EMPTY_PAYLOAD)
		return
	if lane >= RELIABLE_LANE:
		reliable += 1
	elif waiting >= MAX_PACKETS:
		_count_drop(Constants.DROP_BUFFER_FULL)
		return
	if not waiting:
		next_peer = source
		next_mode = lane >> 8
		next_channel = lane & 0xFF
	waiting += 1
	data.append(message)
	lanes.append(source << _SOURCE_SHIFT | lane)


func add_run(messages: Array[PackedByteArray], from: int, until: int, lane: int) -> void:
	var is_reliable := lane >= RELIABLE_LANE
	var sent_lane := source << _SOURCE_SHIFT | lane
	for index in range(from, until):
		var message := messages[index]
		if not waiting or not message or not is_reliable and waiting >= MAX_PACKETS:
			add(message, lane)
			continue
		if is_reliable:
			reliable += 1
		waiting += 1
		data.append(message)
		lanes.append(sent_lane)


## Takes the next message out; empty when there is none.
func pop() -> PackedByteArray:
	if not waiting:
		return PackedByteArray()
	var message := data[_next]
	waiting -= 1
	_next += 1
	if not waiting:
		data.clear()
		lanes.clear()
		_next = 0
	elif _next >= _COMPACT_AT:
		_compact()
	var lane := lanes[_next] if waiting else 0
	next_peer = lane >> _SOURCE_SHIFT
	next_mode = lane >> 8 & 0xFF
	next_channel = lane & 0xFF
	return message


## Adds messages that [member data] and [member lanes] of another inbox held, one at least.
func append(messages: Array[PackedByteArray], their_lanes: PackedInt64Array) -> void:
	if waiting + messages.size() > MAX_PACKETS:
		_append_singly(messages, their_lanes)
		return
	if not waiting:
		_show(their_lanes[0])
	waiting += messages.size()
	data.append_array(messages)
	lanes.append_array(their_lanes)


## Drops the messages that came from [param peer]; returns the sizes of the reliable ones.
func discard(peer: int) -> PackedInt32Array:
	var dropped := PackedInt32Array()
	_compact()
	for index in range(data.size() - 1, -1, -1):
		if lanes[index] >> _SOURCE_SHIFT != peer:
			continue
		if lanes[index] & 0xFFFF >= RELIABLE_LANE:
			dropped.append(data[index].size())
		data.remove_at(index)
		lanes.remove_at(index)
	waiting = data.size()
	_show(lanes[0] if waiting else 0)
	return dropped


## Drops everything.
func clear() -> void:
	data.clear()
	lanes.clear()
	_next = 0
	waiting = 0
	_show(0)


## Shows a message of [param lane] as the next one.
func _show(lane: int) -> void:
	next_peer = lane >> _SOURCE_SHIFT
	next_mode = lane >> 8 & 0xFF
	next_channel = lane & 0xFF


func _append_singly(messages: Array[PackedByteArray], their_lanes: PackedInt64Array) -> void:
	for index in messages.size():
		source = their_lanes[index] >> _SOURCE_SHIFT
		add(messages[index], their_lanes[index] & 0xFFFF)


func _count_drop(reason: StringName) -> void:
	drops[reason] = drops.get(reason, 0) + 1


func _compact() -> void:
	data = data.slice(_next)
	lanes = lanes.slice(_next)
	_next = 0
