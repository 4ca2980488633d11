extends RefCounted
## Packets that wait for the game, with the peer that each came from.

const MAX_PACKETS := 4096  ## Further ones are refused.

const _COMPACT_AT := 1024  # taken packets at the front that are given back to the system

var _packets: Array[PackedByteArray] = []
var _sources: Array[int] = []
var _next := 0  # pop_front() would move all that follow


## Returns how many packets wait.
func size() -> int:
	return _packets.size() - _next


## Adds a packet; false when there is no place.
func push(source: int, packet: PackedByteArray) -> bool:
	if size() >= MAX_PACKETS:
		return false
	_packets.append(packet)
	_sources.append(source)
	return true


## Returns where the next packet came from; 0 when there is none.
func next_source() -> int:
	return _sources[_next] if size() else 0


## Takes the next packet out; empty when there is none.
func pop() -> PackedByteArray:
	if size() == 0:
		return PackedByteArray()
	var packet := _packets[_next]
	_next += 1
	if size() == 0:
		clear()
	elif _next >= _COMPACT_AT:
		_packets = _packets.slice(_next)
		_sources = _sources.slice(_next)
		_next = 0
	return packet


## Drops the packets that came from [param source].
func discard(source: int) -> void:
	var packets: Array[PackedByteArray] = _packets.slice(_next)
	var sources: Array[int] = _sources.slice(_next)
	clear()
	for index in packets.size():
		if sources[index] != source:
			push(sources[index], packets[index])


## Drops everything.
func clear() -> void:
	_packets.clear()
	_sources.clear()
	_next = 0
