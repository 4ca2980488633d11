extends RefCounted
## Reads the payload of FRAME datagrams; one decoder is used again and again.
##
## Source: protocol_spec/SPEC.md section 16.4. What is read holds until the next datagram.

const Constants := preload("constants.gd")
const Frame := preload("frame.gd")
const Frames := preload("frames.gd")

const _CHANNEL_SHIFT := 16  # of heads
const _MODE_SHIFT := 24
const _PART_SHIFT := 32
const _PARTS_SHIFT := 48

var generation := 0  ## 0..63: after how many restarts it was sent.
var number := 0  ## u16.
var asks_ack := false
var has_ping := false  ## The acknowledgement is wanted at once.
var has_ack := false
var ack_largest := 0  ## u16: the largest number that arrived.
var ack_delay := 0.0  ## Seconds from its arrival to the acknowledgement, 0..0.255.
var ack_bitmap := PackedByteArray()  ## Bit i is set when [member ack_largest] - 1 - i arrived.
var credit := -1  ## KiB of reliable payload that the sender takes in all; -1 without.
## What the messages and pieces carry, in order.
var payloads: Array[PackedByteArray] = []
## What is said of each of them; integers because every message passes through. From the lowest bit
## on: sequence (16), channel (8), mode (8), part (16), parts (16), which is 0 for a whole message.
var heads := PackedInt64Array()

var _head_sizes := PackedByteArray()  # by type without its two lowest bits


func _init() -> void:
	for kind in range(0, Frames.CONTROL, Frames.RESERVED + 1):
		_head_sizes.append(Frames.head_size(kind))


## Reads what stands in [param data] from [param start] on; false when it is not wholly of the
## form that the specification wants.
func decode(data: PackedByteArray, start: int) -> bool:
	payloads.clear()
	heads.clear()
	credit = -1
	has_ping = false
	var end := data.size()
	var position := start + Frames.NUMBER_SIZE
	if position > end:
		return false
	var flags := data[start]
	generation = flags >> Frames.GENERATION_SHIFT
	asks_ack = flags & Frames.ASKS_ACK != 0
	has_ack = flags & Frames.HAS_ACK != 0
	number = data[start + 1] << 8 | data[start + 2]
	if has_ack:
		position = _decode_ack(data, position)
	while position >= 0 and position < end:
		var kind := data[position]
		if kind >= Frames.CONTROL:
			position = _decode_control(data, position)
			continue
		var payload_at := position + _head_sizes[kind >> 2]
		var stop := end
		if kind & Frames.HAS_LENGTH and payload_at <= end:
			stop = payload_at + (data[payload_at - 2] << 8 | data[payload_at - 1])
		if kind & Frames.RESERVED or payload_at > end or stop > end:
			return false
		var head := 0
		if kind & ~Frames.HAS_LENGTH:
			head = kind >> Frames.MODE_SHIFT << _MODE_SHIFT
			position += 1
			if kind & Frames.HAS_CHANNEL:
				if not data[position]:
					return false
				head |= data[position] << _CHANNEL_SHIFT
				position += 1
			if kind & Frames.HAS_SEQUENCE:
				head |= data[position] << 8 | data[position + 1]
			if kind & Frames.FRAGMENTED:
				var part := data[position + 2] << 8 | data[position + 3]
				var parts := data[position + 4] << 8 | data[position + 5]
				if parts < 2 or part >= parts or payload_at == stop:
					return false
				head |= part << _PART_SHIFT | parts << _PARTS_SHIFT
		payloads.append(data.slice(payload_at, stop))
		heads.append(head)
		position = stop
	return position == end


## Returns a message or piece by its place in [member payloads].
func frame(index: int) -> Frame:
	var head := heads[index]
	var made := Frame.new()
	made.mode = head >> _MODE_SHIFT & 0xFF
	made.channel = head >> _CHANNEL_SHIFT & 0xFF
	made.sequence = head & 0xFFFF
	made.part = head >> _PART_SHIFT & 0xFFFF
	made.parts = maxi(1, head >> _PARTS_SHIFT & 0xFFFF)
	made.payload = payloads[index]
	return made


## Tells whether the acknowledgement says that the number [param age] below its largest arrived.
func covers(age: int) -> bool:
	if age <= 0:
		return age == 0
	var index := age - 1 >> 3
	return index < ack_bitmap.size() and ack_bitmap[index] >> (age - 1 & 7) & 1 == 1


## Returns where the acknowledgement ends; -1 when it is malformed.
func _decode_ack(data: PackedByteArray, position: int) -> int:
	var bitmap_at := position + Frames.ACK_SIZE
	if bitmap_at > data.size():
		return -1
	var size := data[bitmap_at - 1]
	var end := bitmap_at + size
	if size > Constants.MAX_ACK_BITMAP or end > data.size():
		return -1
	ack_largest = data[position] << 8 | data[position + 1]
	ack_delay = data[position + 2] / 1000.0
	ack_bitmap = data.slice(bitmap_at, end)
	return end


func _decode_control(data: PackedByteArray, position: int) -> int:
	if data[position] == Frames.PING:
		has_ping = true
		return position + 1
	var end := position + Frames.CREDIT_SIZE
	if data[position] != Frames.CREDIT or end > data.size():
		return -1
	var kibibytes := 0
	for index in range(position + 1, end):
		kibibytes = kibibytes << 8 | data[index]
	credit = maxi(credit, kibibytes)
	return end
