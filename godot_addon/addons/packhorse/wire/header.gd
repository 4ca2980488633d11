extends RefCounted
## The 6-byte header of every datagram.
##
## Source: protocol_spec/SPEC.md section 2. Nothing here makes an object, because every
## datagram passes through it.

const Constants := preload("constants.gd")

const _FIRST_BYTES: Dictionary[int, int] = {
	Constants.FirstByte.DATA: Constants.Kind.DATA,
	Constants.FirstByte.CTRL: Constants.Kind.CTRL,
	Constants.FirstByte.SEAL: Constants.Kind.SEAL,
	Constants.FirstByte.FRAME: Constants.Kind.FRAME,
}
const _TWO_TO_32 := 1 << 32


## Returns the 6 bytes: [param first_byte], [param tag] 0..255, [param word] 0..2^32-1.
static func encode(first_byte: int, tag: int, word: int) -> PackedByteArray:
	return PackedByteArray(
		[first_byte, tag, word >> 24 & 0xFF, word >> 16 & 0xFF, word >> 8 & 0xFF, word & 0xFF]
	)


## Returns the header of a member's DATA or FRAME; [param destination] is 0 for all others, n for
## peer n, -n for all others but n.
static func encode_destination(first_byte: int, tag: int, destination: int) -> PackedByteArray:
	return encode(first_byte, tag, destination & 0xFFFFFFFF)


## Returns why the header of [param data] must be refused, or an empty name when it is good.
##
## The other functions that read a header may be called only after this one found it good.
static func check(data: PackedByteArray) -> StringName:
	var size := data.size()
	if size < Constants.HEADER_SIZE:
		return Constants.DROP_TOO_SHORT
	if size > Constants.MAX_DATAGRAM:
		return Constants.DROP_TOO_LARGE
	var first := data[0]
	if first & ~3 != Constants.FIRST_BYTE:
		return _foreign(first)
	if first == Constants.FirstByte.CTRL:
		return Constants.DROP_NONZERO_TAG if data[1] else &""
	if size == Constants.HEADER_SIZE and first != Constants.FirstByte.SEAL:
		return Constants.DROP_EMPTY_PAYLOAD
	return &""


## Returns the kind of a good header.
static func kind_of(data: PackedByteArray) -> Constants.Kind:
	return _FIRST_BYTES[data[0]] as Constants.Kind


## Returns the session tag of a good header, 0..255.
static func tag_of(data: PackedByteArray) -> int:
	return data[1]


## Returns the u32 of a good header; its meaning depends on the kind and the direction.
static func word_of(data: PackedByteArray) -> int:
	return data[2] << 24 | data[3] << 16 | data[4] << 8 | data[5]


## Returns the word of a good header as a member means it: 0 all, n peer n, -n all but n.
static func destination_of(data: PackedByteArray) -> int:
	var unsigned := word_of(data)
	return unsigned - _TWO_TO_32 if unsigned & Constants.FANOUT_BIT else unsigned


## Returns the peer id that the relay stamped into a good header.
static func source_of(data: PackedByteArray) -> int:
	return (data[2] & 0x7F) << 24 | data[3] << 16 | data[4] << 8 | data[5]


## Tells whether a good header is on a copy of a datagram that named several peers.
static func is_fanout(data: PackedByteArray) -> bool:
	return data[2] & 0x80 != 0


static func _foreign(first: int) -> StringName:
	var is_ours := first >> 4 == Constants.MARK
	return Constants.DROP_UNSUPPORTED_VERSION if is_ours else Constants.DROP_UNKNOWN_PREFIX
