extends RefCounted
## Unreliable packets on channel 0 that were sent in one frame, by destination: one alone goes as it
## is, several that fit go joined.
##
## Source: protocol_spec/SPEC.md section 16.2.

const Frames := preload("../wire/frames.gd")

const _NOBODY := 1 << 32  # no destination

## What must go out: packets that stay alone, or frames of several, each with its destination in
## [member destinations] and whether it is alone in [member singles] beside it.
var payloads: Array[PackedByteArray] = []
var destinations: PackedInt32Array = []  ## 0 all others, n peer n, -n all others but n.
var singles: Array[bool] = []  ## Not joined.

var _largest: int
var _open_for := _NOBODY
var _open: PackedByteArray  # of _joined, for the destination that came last
var _alone: Dictionary[int, PackedByteArray] = {}  # the only packet so far, by destination
var _joined: Dictionary[int, PackedByteArray] = {}  # frames of several, by destination


## Joins packets as long as they have at most [param largest] bytes with what joins them.
func _init(largest: int) -> void:
	_largest = largest


## Takes a packet for [param destination].
func put(packet: PackedByteArray, destination: int) -> void:
	if destination == _open_for and _open.size() + packet.size() + Frames.PLAIN_SIZE <= _largest:
		Frames.append_plain(_open, packet)
	elif _joined.has(destination):
		_join(packet, destination)
	elif _alone.has(destination):
		_begin(packet, destination)
	else:
		_alone[destination] = packet


## Moves what waits to [member payloads].
func flush() -> void:
	for destination in _alone:
		_emit(_alone[destination], destination, true)
	for destination in _joined:
		_emit(_joined[destination], destination, false)
	_alone.clear()
	_joined.clear()
	_open_for = _NOBODY


## Forgets everything.
func clear() -> void:
	clear_ready()
	_alone.clear()
	_joined.clear()
	_open_for = _NOBODY


## Takes out what must go out.
func clear_ready() -> void:
	payloads.clear()
	destinations.clear()
	singles.clear()


## Joins a second packet to the first, if both fit.
func _begin(packet: PackedByteArray, destination: int) -> void:
	var first := _alone[destination]
	if first.size() + packet.size() + 2 * Frames.PLAIN_SIZE > _largest:
		_emit(first, destination, true)
		_alone[destination] = packet
		return
	_alone.erase(destination)
	var frames := PackedByteArray()
	Frames.append_plain(frames, first)
	Frames.append_plain(frames, packet)
	_joined[destination] = frames
	_open = frames
	_open_for = destination


func _join(packet: PackedByteArray, destination: int) -> void:
	var frames := _joined[destination]
	if frames.size() + packet.size() + Frames.PLAIN_SIZE <= _largest:
		Frames.append_plain(frames, packet)
		_open = frames
		_open_for = destination
		return
	_emit(frames, destination, false)
	_joined.erase(destination)
	_open_for = _NOBODY
	_alone[destination] = packet


func _emit(payload: PackedByteArray, destination: int, is_single: bool) -> void:
	payloads.append(payload)
	destinations.append(destination)
	singles.append(is_single)
