extends RefCounted
## Values as vectors write them (integers as decimal strings, bytes as hex), and back.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Field := preload("res://addons/packhorse/wire/field.gd")
const Message := preload("res://addons/packhorse/wire/message.gd")
const Messages := preload("res://addons/packhorse/wire/messages.gd")


## Returns a value of the msgpack profile as the topic msgpack writes it.
static func from_value(value: Variant) -> Dictionary:
	match typeof(value):
		TYPE_NIL:
			return {"nil": true}
		TYPE_BOOL:
			return {"bool": value}
		TYPE_INT:
			return {"int": str(value)}
		TYPE_STRING:
			return {"str": value}
		TYPE_PACKED_BYTE_ARRAY:
			var bytes: PackedByteArray = value
			return {"bin": bytes.hex_encode()}
		TYPE_ARRAY:
			var array: Array = value
			return {"array": array.map(from_value)}
	var map: Dictionary = value
	var entries := []
	for key: int in map:
		entries.append([str(key), from_value(map[key])])
	return {"map": entries}


## Returns the value that the topic msgpack writes as [param plain].
static func to_value(plain: Dictionary) -> Variant:
	var kind: String = plain.keys()[0]
	var content: Variant = plain[kind]
	match kind:
		"nil":
			return null
		"int":
			return str(content).to_int()
		"bin":
			return str(content).hex_decode()
		"array":
			var items: Array = content
			return items.map(to_value)
		"map":
			var entries: Array = content
			return _to_map(entries)
	return content


## Returns a decoded message as vectors write it.
static func from_message(message: Message) -> Dictionary:
	var plain := {"type": str(Messages.layouts[message.type].name)}
	for field in message.fields:
		plain[str(field)] = _from_field(message.fields[field])
	return plain


## Returns the type of the message that vectors write as [param plain].
static func type_of(plain: Dictionary) -> Constants.MessageType:
	return Constants.MessageType[plain["type"]]


## Returns the fields of the message that vectors write as [param plain].
static func fields_of(plain: Dictionary) -> Dictionary[StringName, Variant]:
	var fields: Dictionary[StringName, Variant] = {}
	for field in Messages.layouts[type_of(plain)].fields:
		if plain.has(str(field.name)):
			fields[field.name] = _to_field(field, plain[str(field.name)])
	return fields


static func _to_map(entries: Array) -> Dictionary:
	var map := {}
	for entry: Array in entries:
		var plain: Dictionary = entry[1]
		map[str(entry[0]).to_int()] = to_value(plain)
	return map


static func _from_field(value: Variant) -> Variant:
	if value is int:
		return str(value)
	if value is PackedByteArray:
		var bytes: PackedByteArray = value
		return bytes.hex_encode()
	if not value is Array:
		return value
	var records: Array[PackedInt64Array] = value
	return records.map(func(record: PackedInt64Array) -> Array: return Array(record).map(str))


static func _to_field(field: Field, plain: Variant) -> Variant:
	match field.type:
		Field.Type.UINT:
			return str(plain).to_int()
		Field.Type.BYTES:
			return str(plain).hex_decode()
		Field.Type.RECORDS:
			var records: Array[PackedInt64Array] = []
			for record: Array in plain:
				records.append(PackedInt64Array(record.map(_to_int)))
			return records
	return plain


static func _to_int(text: String) -> int:
	return text.to_int()
