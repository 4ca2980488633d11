extends RefCounted
## Control messages to bodies and back: map key 0 is the type, the other keys are fields.
##
## Source: protocol_spec/SPEC.md section 4.

const Constants := preload("constants.gd")
const Field := preload("field.gd")
const Message := preload("message.gd")
const MessageLayout := preload("message_layout.gd")
const Messages := preload("messages.gd")
const MsgpackProfile := preload("msgpack_profile.gd")

const _TYPE_KEY := 0


## Returns the body of a message; empty when a field has the wrong type, size or range.
##
## [param extra] holds further map keys, which receivers skip.
static func encode_body(
	type: Constants.MessageType,
	fields: Dictionary[StringName, Variant],
	extra: Dictionary[int, Variant] = {}
) -> PackedByteArray:
	var body: Dictionary[int, Variant] = {_TYPE_KEY: type}
	body.merge(extra)
	for field: Field in Messages.layouts[type].fields:
		if field.is_optional and not fields.has(field.name):
			continue
		var value: Variant = fields.get(field.name)
		if not field.accepts(value):
			return PackedByteArray()
		body[field.key] = value
	return MsgpackProfile.encode(body)


## Decodes a body that came in a datagram with the first byte [param carrier] from the side
## [param sender].
static func decode_body(
	body: PackedByteArray, carrier: int, sender: MessageLayout.Sender
) -> Message:
	var decoded := MsgpackProfile.decode(body)
	if decoded.drop:
		return Message.dropped(decoded.drop)
	if not decoded.result is Dictionary:
		return Message.dropped(Constants.DROP_NOT_A_MESSAGE)
	var map: Dictionary = decoded.result
	if not map.get(_TYPE_KEY) is int:
		return Message.dropped(Constants.DROP_NOT_A_MESSAGE)
	var type: int = map[_TYPE_KEY]
	var drop := _check_type(type, carrier, sender)
	return Message.dropped(drop) if drop else _decode_fields(map, type)


static func _check_type(type: int, carrier: int, sender: MessageLayout.Sender) -> StringName:
	if type < 0:
		return Constants.DROP_NOT_A_MESSAGE
	if not Messages.layouts.has(type):
		return Constants.DROP_UNKNOWN_TYPE
	if Messages.layouts[type].carrier != carrier:
		return Constants.DROP_WRONG_CARRIER
	if Messages.layouts[type].sender != sender:
		return Constants.DROP_WRONG_DIRECTION
	return &""


static func _decode_fields(map: Dictionary, type: int) -> Message:
	var message := Message.new()
	message.type = type
	for field in Messages.layouts[type].fields:
		if map.has(field.key):
			if not field.accepts(map[field.key]):
				return Message.dropped(Constants.DROP_BAD_FIELD)
			message.fields[field.name] = _plain(field, map[field.key])
		elif not field.is_optional:
			return Message.dropped(Constants.DROP_MISSING_FIELD)
	return message


static func _plain(field: Field, value: Variant) -> Variant:
	if field.type != Field.Type.RECORDS:
		return value
	var records: Array[PackedInt64Array] = []
	for record: Array in value:
		records.append(PackedInt64Array(record))
	return records
