extends "piece.gd"
## Whole messages that follow each other in a reliable lane and travel in one datagram; each is a
## frame of its own there.

const Packing := preload("packing.gd")
const Run := preload("run.gd")

## The runs that this one has become, once [method cut] has been called.
var halves: Array[Self] = []

var _messages: Array[PackedByteArray]


## Makes the run of [param messages] of type [param type], the first of which has the number
## [param first_sequence] in its lane.
func _init(
	type: int, messages: Array[PackedByteArray], on_channel: int, first_sequence: int, its_lane: int
) -> void:
	super(type, PackedByteArray(), on_channel, first_sequence, its_lane)
	_messages = messages
	count = messages.size()
	size = -Frames.LENGTH_SIZE
	for message in messages:
		size += _size_of(message) + Frames.LENGTH_SIZE


## Returns how many of the messages may go into [param room] bytes.
func count_fitting(room: int) -> int:
	for index in count:
		var bytes := _size_of(_messages[index])
		if bytes > room:
			return index
		room -= bytes + Frames.LENGTH_SIZE
		if room < Packing.SMALLEST_ROOM - Frames.LENGTH_SIZE:
			return index + 1
	return count


## Becomes two runs; the first has [param first_count] messages, fewer than all.
func cut(first_count: int) -> void:
	halves = [_part(0, first_count), _part(first_count, count)]


func append_to(buffer: PackedByteArray, is_last: bool) -> void:
	Frames.append_run(buffer, _messages, 0, count, kind, channel, sequence, is_last)


func _part(from: int, until: int) -> Self:
	return Run.new(kind, _messages.slice(from, until), channel, sequence + from, lane)


func _size_of(message: PackedByteArray) -> int:
	return Frames.head_size(kind) + message.size()
