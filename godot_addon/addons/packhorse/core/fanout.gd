extends RefCounted
## Merges consecutive sends of the same unreliable bytes to several peers into one datagram for all
## of them.
##
## Godot turns a broadcast into one send for each peer; the relay can multiply instead, so that
## a host at home uploads it once. What is sent keeps its order. Only an ordered lane has to choose:
## what goes to single peers and what goes to several is not ordered against each other, so that
## once a channel has been used for one of several peers, nothing ordered is merged on it any more.

const Constants := preload("../wire/constants.gd")

## What must go out: payloads, each with the destination in [member destinations] beside it, and so
## on.
var payloads: Array[PackedByteArray] = []
## 0 all others, n peer n, -n all others but n.
var destinations: Array[int] = []
## How each payload travels: [enum Mode] of constants.gd.
var modes: Array[Constants.Mode] = []
var channels: Array[int] = []  ## The channel of each payload.

var _waiting := PackedByteArray()
var _mode := Constants.Mode.UNRELIABLE
var _channel := 0
var _targets: Dictionary[int, bool] = {}
var _single_channels: Dictionary[int, bool] = {}  # of the ordered mode


## Tells whether a payload waits for [method flush].
func is_waiting() -> bool:
	return not _targets.is_empty()


## Takes what waits already for one more target, as Godot gives a broadcast; false, and nothing has
## happened, when [param payload] is another. Parameters as in [method put].
func repeat(
	payload: PackedByteArray, target: int, mode: Constants.Mode, channel: int, others: Array[int]
) -> bool:
	if not _targets or mode != _mode or channel != _channel or target <= 0 or others.size() <= 1:
		return false
	if payload != _waiting or _targets.has(target):
		return false
	_targets[target] = true
	if _targets.size() == others.size():
		flush(others)
	return true


## Takes a payload for [param target] (0, n or -n); [param others] are all other peers that can be
## addressed. It goes to [member payloads] at once, or waits for more peers to get the same.
func put(
	payload: PackedByteArray, target: int, mode: Constants.Mode, channel: int, others: Array[int]
) -> void:
	if _targets:
		if repeat(payload, target, mode, channel, others):
			return
		flush(others)
	_mode = mode
	_channel = channel
	if target <= 0 or others.size() <= 1 or _is_single(mode, channel):
		_emit(payload, target)
		return
	_waiting = payload
	_targets[target] = true


## Moves what waits to [member payloads], in as few datagrams as the protocol allows.
func flush(others: Array[int]) -> void:
	if not _targets:
		return
	if _targets.size() > 1 and _targets.size() == others.size() and _targets.has_all(others):
		_emit(_waiting, 0)
		_forget_waiting()
		return
	var left_out: Array[int] = []
	for peer in others:
		if not _targets.has(peer):
			left_out.append(peer)
	if _targets.size() > 1 and not left_out:
		_emit(_waiting, 0)
	elif _targets.size() > 1 and left_out.size() == 1:
		_emit(_waiting, -left_out[0])
	else:
		_emit_singly()
	_forget_waiting()


## Takes out what must go out.
func clear_ready() -> void:
	payloads.clear()
	destinations.clear()
	modes.clear()
	channels.clear()


## Forgets everything.
func clear() -> void:
	clear_ready()
	_targets.clear()
	_single_channels.clear()


func _is_single(mode: Constants.Mode, channel: int) -> bool:
	return mode == Constants.Mode.UNRELIABLE_ORDERED and _single_channels.has(channel)


func _forget_waiting() -> void:
	_targets.clear()
	_waiting = PackedByteArray()


func _emit_singly() -> void:
	if _mode == Constants.Mode.UNRELIABLE_ORDERED:
		_single_channels[_channel] = true
	for target in _targets:
		_emit(_waiting, target)


func _emit(payload: PackedByteArray, destination: int) -> void:
	payloads.append(payload)
	destinations.append(destination)
	modes.append(_mode)
	channels.append(_channel)
