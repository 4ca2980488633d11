extends RefCounted
## How messages of one type travel: the carrier, the side that sends them, the fields.

enum Sender { MEMBER, RELAY, PEER }

const Field := preload("field.gd")

var name: StringName  ## Name of the type in the specification.
var carrier: int  ## CTRL or SEAL, as the first byte of their datagrams.
var sender: Sender  ## The only side that sends such messages.
var fields: Array[Field]  ## In ascending order of their keys.


func _init(type_name: StringName, first_byte: int, from: Sender, type_fields: Array[Field]) -> void:
	name = type_name
	carrier = first_byte
	sender = from
	fields = type_fields


## Tells whether each of [param values], by the names of their fields, is one that its field may
## have.
func accepts(values: Dictionary[StringName, Variant]) -> bool:
	for field in fields:
		if values.has(field.name) and not field.accepts(values[field.name]):
			return false
	return true
