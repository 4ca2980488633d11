extends RefCounted
## Merges consecutive sends of the same bytes to several peers into one datagram for all of them.
##
## Godot turns a broadcast into one send for each peer; the relay can multiply instead, so that
## a host at home uploads it once. What is sent keeps its order.

## What must go out: payloads, each with the destination in [member destinations] beside it.
var payloads: Array[PackedByteArray] = []
## 0 all others, n peer n, -n all others but n.
var destinations: Array[int] = []

var _waiting := PackedByteArray()
var _targets: Dictionary[int, bool] = {}


## Tells whether a payload waits for [method flush].
func is_waiting() -> bool:
	return not _targets.is_empty()


## Takes a payload for [param target] (0, n or -n); [param others] are all other peers that can be
## addressed. It goes to [member payloads] at once, or waits for more peers to get the same.
func put(payload: PackedByteArray, target: int, others: Array[int]) -> void:
	if _targets and (_targets.has(target) or payload != _waiting):
		flush(others)
	if target <= 0 or others.size() <= 1:
		flush(others)
		_emit(payload, target)
		return
	_waiting = payload
	_targets[target] = true
	if _targets.size() == others.size():
		flush(others)


## Moves what waits to [member payloads], in as few datagrams as the protocol allows.
func flush(others: Array[int]) -> void:
	if not _targets:
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
		for target in _targets:
			_emit(_waiting, target)
	_targets.clear()
	_waiting = PackedByteArray()


## Forgets everything.
func clear() -> void:
	payloads.clear()
	destinations.clear()
	_targets.clear()


func _emit(payload: PackedByteArray, destination: int) -> void:
	payloads.append(payload)
	destinations.append(destination)
