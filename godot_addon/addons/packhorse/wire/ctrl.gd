extends RefCounted
## CTRL datagrams: control before a session exists.

const Codec := preload("codec.gd")
const Constants := preload("constants.gd")
const Header := preload("header.gd")
const Message := preload("message.gd")
const MessageLayout := preload("message_layout.gd")

const _NO_PAD := -1
const _PAD_FIELD_OVERHEAD := 4  # bytes: key, bin16 lead byte, length
const _SHORT_PAD := 256  # bytes; below it the length takes one byte instead of two


## Returns the datagram of a message with the transaction id 0..2^32-1; empty when a field has
## the wrong type, size or range.
##
## Source: protocol_spec/SPEC.md section 4.
static func encode(
	type: Constants.MessageType,
	fields: Dictionary[StringName, Variant],
	transaction: int,
	extra: Dictionary[int, Variant] = {}
) -> PackedByteArray:
	var body := Codec.encode_body(type, fields, extra)
	if not body:
		return body
	var datagram := Header.encode(Constants.FirstByte.CTRL, 0, transaction)
	datagram.append_array(body)
	return datagram


## Returns the datagram of HELLO or GRANT, padded to [param wanted] bytes where it is smaller.
##
## One size cannot be reached (the length of the pad grows from one byte to two); the datagram is
## then one byte shorter. Source: protocol_spec/SPEC.md section 5.
static func encode_padded(
	type: Constants.MessageType,
	fields: Dictionary[StringName, Variant],
	transaction: int,
	wanted: int,
	extra: Dictionary[int, Variant] = {}
) -> PackedByteArray:
	var plain := encode(type, fields, transaction, extra)
	var size := _pad_size(plain.size(), wanted)
	if size == _NO_PAD or not plain:
		return plain
	var pad := PackedByteArray()
	pad.resize(size)
	var padded := fields.duplicate()
	padded[&"pad"] = pad
	return encode(type, padded, transaction, extra)


## Decodes a CTRL datagram, whose header is good, from the side [param sender].
static func decode(data: PackedByteArray, sender: MessageLayout.Sender) -> Message:
	var body := data.slice(Constants.HEADER_SIZE)
	return Codec.decode_body(body, Constants.FirstByte.CTRL, sender)


## Returns the length of the pad that brings a datagram to [param wanted] bytes, or _NO_PAD.
static func _pad_size(unpadded: int, wanted: int) -> int:
	var room := wanted - unpadded - _PAD_FIELD_OVERHEAD
	if room >= _SHORT_PAD:
		return room
	return mini(room + 1, _SHORT_PAD - 1) if room >= -1 else _NO_PAD
