extends RefCounted
## Writes the payload of FRAME datagrams: numbers, acknowledgements and heads of messages.
##
## Source: protocol_spec/SPEC.md section 16.4. Everything is appended to the datagram that is being
## made, so that nothing is copied twice.

const HAS_ACK := 0x01
const ASKS_ACK := 0x02
const GENERATION_SHIFT := 2  ## Of the prefix; below it are the flags.
const PING := 0x80
const CREDIT := 0x81
const CONTROL := 0x80
const JOINED := 0xFF  ## Not on the wire: several frames, each with its length.
const MODE_SHIFT := 5
const FRAGMENTED := 0x10
const HAS_CHANNEL := 0x08
const HAS_LENGTH := 0x04
const RESERVED := 0x03
const HAS_SEQUENCE := 0x70  ## A mode other than UNRELIABLE, or a piece.
const NUMBER_SIZE := 3
const ACK_SIZE := 4  ## Without the bitmap.
const LENGTH_SIZE := 2
const CREDIT_SIZE := 5
const PLAIN_SIZE := 3  ## Of [method append_plain], beside the message.
const WHOLE_SIZE := 7  ## Of [method append_whole], beside the message, at most.
const MAX_DELAY := 255  ## Milliseconds.


## Appends the prefix of a payload; [param flags] are all that its first byte holds.
static func append_number(buffer: PackedByteArray, number: int, flags: int) -> void:
	buffer.append(flags)
	buffer.append(number >> 8 & 0xFF)
	buffer.append(number & 0xFF)


## Appends an acknowledgement of [param largest], which arrived [param delay] seconds ago.
##
## In [param words] of 32 bits, lowest first, bit i is set when the number largest - 1 - i arrived.
static func append_ack(
	buffer: PackedByteArray, largest: int, delay: float, words: PackedInt64Array
) -> void:
	buffer.append(largest >> 8 & 0xFF)
	buffer.append(largest & 0xFF)
	buffer.append(mini(int(delay * 1000.0), MAX_DELAY))
	var start := buffer.size() + 1
	buffer.resize(start + 4 * words.size())
	for index in words.size():
		buffer.encode_u32(start + 4 * index, words[index])
	var end := buffer.size()
	while end > start and buffer[end - 1] == 0:
		end -= 1
	buffer.resize(end)
	buffer[start - 1] = end - start


## Appends a CREDIT frame.
static func append_credit(buffer: PackedByteArray, kibibytes: int) -> void:
	buffer.append(CREDIT)
	for shift: int in [24, 16, 8, 0]:
		buffer.append(kibibytes >> shift & 0xFF)


## Returns the type byte of a message, without a length.
static func kind_of(mode: int, channel: int, parts: int) -> int:
	var kind := mode << MODE_SHIFT
	if parts > 1:
		kind |= FRAGMENTED
	return kind | HAS_CHANNEL if channel else kind


## Returns how many bytes stand before the payload of a message of type [param kind].
static func head_size(kind: int) -> int:
	var size := 2 if kind & HAS_CHANNEL else 1
	if kind & HAS_SEQUENCE:
		size += 2
	if kind & FRAGMENTED:
		size += 4
	return size + LENGTH_SIZE if kind & HAS_LENGTH else size


## Appends a whole message of mode UNRELIABLE on channel 0, with its length.
static func append_plain(buffer: PackedByteArray, message: PackedByteArray) -> void:
	var size := message.size()
	buffer.append(HAS_LENGTH)
	buffer.append(size >> 8 & 0xFF)
	buffer.append(size & 0xFF)
	buffer.append_array(message)


## Appends a whole message; [param lane] is its mode and, in the lowest 8 bits, its channel. Only
## the last of a datagram may go without a length.
static func append_whole(
	buffer: PackedByteArray, message: PackedByteArray, lane: int, sequence: int, is_last := false
) -> void:
	var mode := lane >> 8
	var channel := lane & 0xFF
	var flags := HAS_CHANNEL if channel else 0
	buffer.append(mode << MODE_SHIFT | (flags if is_last else flags | HAS_LENGTH))
	if channel:
		buffer.append(channel)
	if mode:
		buffer.append(sequence >> 8 & 0xFF)
		buffer.append(sequence & 0xFF)
	if not is_last:
		var size := message.size()
		buffer.append(size >> 8 & 0xFF)
		buffer.append(size & 0xFF)
	buffer.append_array(message)


## Appends those of [param messages] from the place [param from] to before [param until], whole and
## of a type other than UNRELIABLE; the first of them has the number [param sequence]. Only the last
## of a datagram may go without a length.
static func append_run(
	buffer: PackedByteArray,
	messages: Array[PackedByteArray],
	from: int,
	until: int,
	kind: int,
	channel: int,
	sequence: int,
	is_last: bool
) -> void:
	var last := until - 1 if is_last else until
	for place in range(from, until):
		var message := messages[place]
		buffer.append(kind if place == last else kind | HAS_LENGTH)
		if kind & HAS_CHANNEL:
			buffer.append(channel)
		buffer.append(sequence >> 8 & 0xFF)
		buffer.append(sequence & 0xFF)
		if place != last:
			var size := message.size()
			buffer.append(size >> 8 & 0xFF)
			buffer.append(size & 0xFF)
		buffer.append_array(message)
		sequence += 1


## Appends two bytes, the higher first.
static func append_u16(buffer: PackedByteArray, value: int) -> void:
	buffer.append(value >> 8 & 0xFF)
	buffer.append(value & 0xFF)
