extends "piece.gd"
## Whole messages that follow each other in a reliable lane and travel in one datagram; each is a
## frame of its own there.

const Packing := preload("packing.gd")
const Run := preload("run.gd")

## The runs that this one has become, once [method cut] has been called.
var halves: Array[Self] = []

var _messages: Array[PackedByteArray]
var _head_size: int  # bytes before each of them


## Makes the run of messages of type [param type], the first of which has the number
## [param first_sequence] in its lane.
func _init(
	type: int,
	messages: Array[PackedByteArray],
	on_channel: int,
	first_sequence: int,
	its_lane: int,
	its_size: int
) -> void:
	super(type, PackedByteArray(), on_channel, first_sequence, its_lane)
	_messages = messages
	_head_size = Frames.head_size(type)
	count = messages.size()
	size = its_size


## Returns how many of the messages may go into [param room] bytes.
func count_fitting(room: int) -> int:
	for index in count:
		var message := _head_size + _messages[index].size()
		if message > room:
			return index
		room -= message + Frames.LENGTH_SIZE
		if room < Packing.SMALLEST_ROOM - Frames.LENGTH_SIZE:
			return index + 1
	return count


## Becomes two runs; the first has [param first_count] messages, fewer than all.
func cut(first_count: int) -> void:
	halves = [_part(0, first_count), _part(first_count, count)]


## Appends the frames to a datagram; only the last may go without a length.
func append_to(buffer: PackedByteArray, is_last: bool) -> void:
	var last := count - 1 if is_last else count
	var next := sequence
	for message in _messages:
		var is_open := next - sequence == last
		buffer.append(kind if is_open else kind | Frames.HAS_LENGTH)
		if kind & Frames.HAS_CHANNEL:
			buffer.append(channel)
		buffer.append(next >> 8 & 0xFF)
		buffer.append(next & 0xFF)
		if not is_open:
			buffer.append(message.size() >> 8 & 0xFF)
			buffer.append(message.size() & 0xFF)
		buffer.append_array(message)
		next += 1


func _part(from: int, until: int) -> Self:
	var bytes := -Frames.LENGTH_SIZE
	for index in range(from, until):
		bytes += _head_size + _messages[index].size() + Frames.LENGTH_SIZE
	var messages := _messages.slice(from, until)
	return Run.new(kind, messages, channel, sequence + from, lane, bytes)
