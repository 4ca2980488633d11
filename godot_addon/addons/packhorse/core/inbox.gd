extends RefCounted
## Messages that wait for the game: columns instead of objects, because every packet passes through.

const Constants := preload("../wire/constants.gd")

const MAX_PACKETS := 4096  ## Further unreliable ones are refused.

const _COMPACT_AT := 1024  # taken packets at the front that are given back to the system

var _data: Array[PackedByteArray] = []
var _peers: PackedInt32Array = []
var _modes: PackedInt32Array = []
var _channels: PackedInt32Array = []
var _next := 0  # pop_front() would move all that follow


## Returns how many messages wait.
func size() -> int:
	return _data.size() - _next


## Adds a message from [param source]; returns why it was not taken, or an empty name.
##
## An empty packet would make Godot leave the others of its frame unread.
func push(source: int, message: PackedByteArray, mode: int, channel: int) -> StringName:
	if _data.size() - _next >= MAX_PACKETS and mode < Constants.Mode.RELIABLE:
		return Constants.DROP_BUFFER_FULL
	if not message:
		return Constants.DROP_EMPTY_PAYLOAD
	_data.append(message)
	_peers.append(source)
	_modes.append(mode)
	_channels.append(channel)
	return &""


## Returns who sent the next message; 0 when there is none.
func next_peer() -> int:
	return _peers[_next] if _next < _peers.size() else 0


## Returns the [enum Mode] of constants.gd of the next message.
func next_mode() -> int:
	return _modes[_next] if _next < _modes.size() else 0


## Returns the channel of the next message.
func next_channel() -> int:
	return _channels[_next] if _next < _channels.size() else 0


## Takes the next message out; empty when there is none.
func pop() -> PackedByteArray:
	if _next >= _data.size():
		return PackedByteArray()
	var message := _data[_next]
	_next += 1
	if _next == _data.size():
		clear()
	elif _next >= _COMPACT_AT:
		_compact()
	return message


## Drops the messages that came from [param source]; returns the sizes of the reliable ones.
func discard(source: int) -> PackedInt32Array:
	var dropped := PackedInt32Array()
	_compact()
	for index in range(_data.size() - 1, -1, -1):
		if _peers[index] != source:
			continue
		if _modes[index] >= Constants.Mode.RELIABLE:
			dropped.append(_data[index].size())
		_data.remove_at(index)
		_peers.remove_at(index)
		_modes.remove_at(index)
		_channels.remove_at(index)
	return dropped


## Drops everything.
func clear() -> void:
	_data.clear()
	_peers.clear()
	_modes.clear()
	_channels.clear()
	_next = 0


func _compact() -> void:
	_data = _data.slice(_next)
	_peers = _peers.slice(_next)
	_modes = _modes.slice(_next)
	_channels = _channels.slice(_next)
	_next = 0
