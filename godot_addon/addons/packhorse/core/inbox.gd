extends "delivery/delivered.gd"
## Messages that wait for the game: columns instead of objects, because every packet passes through.

const MAX_PACKETS := 4096  ## Further unreliable ones are refused.

const _COMPACT_AT := 1024  # taken packets at the front that are given back to the system

## Who sends what [method add] is given.
var source := 0
## Where messages that were not taken are counted, by drop reason.
var drops: Dictionary[StringName, int] = {}

var _peers: PackedInt32Array = []
var _next := 0  # pop_front() would move all that follow


## Returns how many messages wait.
func size() -> int:
	return data.size() - _next


## Adds a message from [member source], or counts why not.
##
## An empty packet would make Godot leave the others of its frame unread.
func add(message: PackedByteArray, mode: int, channel: int) -> void:
	if not message:
		_count_drop(Constants.DROP_EMPTY_PAYLOAD)
		return
	if mode >= Constants.Mode.RELIABLE:
		reliable += 1
	elif data.size() - _next >= MAX_PACKETS:
		_count_drop(Constants.DROP_BUFFER_FULL)
		return
	data.append(message)
	_peers.append(source)
	modes.append(mode)
	channels.append(channel)


## Returns who sent the next message; 0 when there is none.
func next_peer() -> int:
	return _peers[_next] if _next < _peers.size() else 0


## Returns the [enum Mode] of constants.gd of the next message.
func next_mode() -> int:
	return modes[_next] if _next < modes.size() else 0


## Returns the channel of the next message.
func next_channel() -> int:
	return channels[_next] if _next < channels.size() else 0


## Takes the next message out; empty when there is none.
func pop() -> PackedByteArray:
	if _next >= data.size():
		return PackedByteArray()
	var message := data[_next]
	_next += 1
	if _next == data.size():
		clear()
	elif _next >= _COMPACT_AT:
		_compact()
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
	return dropped


## Drops everything.
func clear() -> void:
	data.clear()
	_peers.clear()
	modes.clear()
	channels.clear()
	_next = 0


func _count_drop(reason: StringName) -> void:
	drops[reason] = drops.get(reason, 0) + 1


func _compact() -> void:
	data = data.slice(_next)
	_peers = _peers.slice(_next)
	modes = modes.slice(_next)
	channels = channels.slice(_next)
	_next = 0
