extends "delivery/delivered.gd"
## Messages that wait for the game: columns instead of objects, because every packet passes through.

const MAX_PACKETS := 4096  ## Further unreliable ones are refused.

const _COMPACT_AT := 1024  # taken packets at the front that are given back to the system

## Who sends what [method add] is given.
var source := 0
## Where messages that were not taken are counted, by drop reason.
var drops: Dictionary[StringName, int] = {}
var waiting := 0  ## How many messages wait.
var next_peer := 0  ## Who sent the next message; 0 when there is none.
var next_mode := 0  ## The [enum Mode] of constants.gd of the next message.
var next_channel := 0  ## The channel of the next message.

var _peers: PackedInt32Array = []
var _next := 0  # pop_front() would move all that follow


## Adds a message from [member source], or counts why not.
##
## An empty packet would make Godot leave the others of its frame unread.
func add(message: PackedByteArray, mode: int, channel: int) -> void:
	if not message:
		_count_drop(Constants.DROP_EMPTY_PAYLOAD)
		return
	if mode >= Constants.Mode.RELIABLE:
		reliable += 1
	elif waiting >= MAX_PACKETS:
		_count_drop(Constants.DROP_BUFFER_FULL)
		return
	if not waiting:
		next_peer = source
		next_mode = mode
		next_channel = channel
	waiting += 1
	data.append(message)
	_peers.append(source)
	modes.append(mode)
	channels.append(channel)


func add_run(
	messages: Array[PackedByteArray], from: int, until: int, mode: int, channel: int
) -> void:
	var is_reliable := mode >= Constants.Mode.RELIABLE
	for index in range(from, until):
		var message := messages[index]
		if not waiting or not message or not is_reliable and waiting >= MAX_PACKETS:
			add(message, mode, channel)
			continue
		if is_reliable:
			reliable += 1
		waiting += 1
		data.append(message)
		_peers.append(source)
		modes.append(mode)
		channels.append(channel)


## Takes the next message out; empty when there is none.
func pop() -> PackedByteArray:
	if not waiting:
		return PackedByteArray()
	var message := data[_next]
	if waiting == 1:
		clear()
		return message
	waiting -= 1
	_next += 1
	if _next >= _COMPACT_AT:
		_compact()
	next_peer = _peers[_next]
	next_mode = modes[_next]
	next_channel = channels[_next]
	return message


## Drops the messages that came from [param peer]; returns the sizes of the reliable ones.
func discard(peer: int) -> PackedInt32Array:
	var dropped := PackedInt32Array()
	_compact()
	for index in range(data.size() - 1, -1, -1):
		if _peers[index] != peer:
			continue
		if modes[index] >= Constants.Mode.RELIABLE:
			dropped.append(data[index].size())
		data.remove_at(index)
		_peers.remove_at(index)
		modes.remove_at(index)
		channels.remove_at(index)
	waiting = data.size()
	next_peer = _peers[0] if waiting else 0
	next_mode = modes[0] if waiting else 0
	next_channel = channels[0] if waiting else 0
	return dropped


## Drops everything.
func clear() -> void:
	data.clear()
	_peers.clear()
	modes.clear()
	channels.clear()
	_next = 0
	waiting = 0
	next_peer = 0
	next_mode = 0
	next_channel = 0


func _count_drop(reason: StringName) -> void:
	drops[reason] = drops.get(reason, 0) + 1


func _compact() -> void:
	data = data.slice(_next)
	_peers = _peers.slice(_next)
	modes = modes.slice(_next)
	channels = channels.slice(_next)
	_next = 0
