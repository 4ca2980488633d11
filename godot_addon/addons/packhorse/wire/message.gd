extends RefCounted
## What decoding a control datagram gave: a message, or the reason why there is none.

const Self := preload("message.gd")

var type := 0  ## A MessageType; 0 where there is no message.
## Field name to value: int, bool, PackedByteArray, String or Array[PackedInt64Array].
var fields: Dictionary[StringName, Variant] = {}
var drop := &""  ## Drop reason; empty where there is a message.


## Returns the result of a datagram that is no message because of [param reason].
static func dropped(reason: StringName) -> Self:
	var message := Self.new()
	message.drop = reason
	return message


## Returns the integer field [param field], or [param absent] where it is not there.
func number(field: StringName, absent := 0) -> int:
	var value: int = fields.get(field, absent)
	return value


## Tells whether the truth value [param field] is there and true.
func flag(field: StringName) -> bool:
	var value: bool = fields.get(field, false)
	return value


## Returns the byte string field [param field]; empty where it is not there.
func bytes(field: StringName) -> PackedByteArray:
	var value: PackedByteArray = fields.get(field, PackedByteArray())
	return value


## Returns the text field [param field]; empty where it is not there.
func text(field: StringName) -> String:
	var value: String = fields.get(field, "")
	return value


## Returns the records of the field [param field]; empty where it is not there.
func records(field: StringName) -> Array[PackedInt64Array]:
	var none: Array[PackedInt64Array] = []
	var value: Array[PackedInt64Array] = fields.get(field, none)
	return value
