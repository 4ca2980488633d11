extends RefCounted
## A frame on its way: sent, perhaps lost, sent again, acknowledged.

const Constants := preload("../../wire/constants.gd")
const Frames := preload("../../wire/frames.gd")
const Self := preload("piece.gd")

const UNCOUNTED := -1  ## As [member lane].

var kind: int  ## Type byte, without a length.
var channel := 0
var sequence := 0
var part := 0
var parts := 1
var count := 1  ## Messages; several only in run.gd.
var payload: PackedByteArray
var lane := UNCOUNTED  ## Key of the reliable lane that counts it.
var size: int  ## Bytes in a datagram, without a length.
var is_acked := false
var is_waiting := false  ## To be sent again.
var cost := 0  ## Credit that sending it takes: that of whole messages, at their first piece.


## Makes the piece of type [param type] with the content [param data]; the others as the members.
func _init(
	type: int, data: PackedByteArray, on_channel := 0, its_sequence := 0, its_lane := UNCOUNTED
) -> void:
	kind = type
	payload = data
	channel = on_channel
	sequence = its_sequence
	lane = its_lane
	size = data.size() + Frames.head_size(type)


## Returns a piece that is the whole CREDIT frame.
static func credit(kibibytes: int) -> Self:
	var frame := PackedByteArray()
	Frames.append_credit(frame, kibibytes)
	var piece := Self.new(Frames.CREDIT, frame)
	piece.size = frame.size()
	return piece


## Returns frames with their lengths that stay together, as if they were one.
static func joined(frames: PackedByteArray) -> Self:
	var piece := Self.new(Frames.JOINED, frames)
	piece.size = frames.size()
	return piece


## Returns one integer for a mode and a channel.
static func lane_key(mode: int, for_channel: int) -> int:
	return mode << 8 | for_channel


## Returns how many of its messages may go into [param room] bytes, as far as they are in it.
func count_fitting(room: int) -> int:
	return count if size <= room else 0


## Appends the frame to a datagram; only the last may go without a length.
func append_to(buffer: PackedByteArray, is_last: bool) -> void:
	if kind >= Frames.CONTROL:
		buffer.append_array(payload)
		return
	buffer.append(kind if is_last else kind | Frames.HAS_LENGTH)
	if kind & Frames.HAS_CHANNEL:
		buffer.append(channel)
	if kind & Frames.HAS_SEQUENCE:
		buffer.append(sequence >> 8 & 0xFF)
		buffer.append(sequence & 0xFF)
	if kind & Frames.FRAGMENTED:
		Frames.append_u16(buffer, part)
		Frames.append_u16(buffer, parts)
	if not is_last:
		Frames.append_u16(buffer, payload.size())
	buffer.append_array(payload)
