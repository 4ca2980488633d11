extends RefCounted
## What one field of a control message may hold.

enum Type { UINT, BOOLEAN, BYTES, TEXT, RECORDS }

const Self := preload("field.gd")

var key := 0  ## Map key, 1..111.
var name := &""
var type := Type.UINT
var minimum := 0  ## Smallest integer.
var maximum := 0  ## Largest integer; longest text or byte string in bytes; most records.
var sizes: Array[int] = []  ## Allowed lengths in bytes; empty means 0 to [member maximum].
var width := 0  ## Integers in a record.
var is_optional := false


## Makes an integer field from [param smallest] to [param largest].
static func uint(field_key: int, field_name: StringName, smallest: int, largest: int) -> Self:
	var field := _make(field_key, field_name, Type.UINT)
	field.minimum = smallest
	field.maximum = largest
	return field


## Makes a field that is true or false.
static func boolean(field_key: int, field_name: StringName) -> Self:
	return _make(field_key, field_name, Type.BOOLEAN)


## Makes a byte string field of one of the lengths in [param lengths].
static func bytes_of(field_key: int, field_name: StringName, lengths: Array[int]) -> Self:
	var field := _make(field_key, field_name, Type.BYTES)
	field.sizes = lengths
	return field


## Makes a byte string field of at most [param largest] bytes.
static func bytes_up_to(field_key: int, field_name: StringName, largest: int) -> Self:
	var field := _make(field_key, field_name, Type.BYTES)
	field.maximum = largest
	return field


## Makes a text field of at most [param largest] bytes of UTF-8.
static func text(field_key: int, field_name: StringName, largest: int) -> Self:
	var field := _make(field_key, field_name, Type.TEXT)
	field.maximum = largest
	return field


## Makes a field of at most [param most] records of [param integers] unsigned integers each.
static func records(field_key: int, field_name: StringName, most: int, integers: int) -> Self:
	var field := _make(field_key, field_name, Type.RECORDS)
	field.maximum = most
	field.width = integers
	return field


static func _make(field_key: int, field_name: StringName, field_type: Type) -> Self:
	var field := Self.new()
	field.key = field_key
	field.name = field_name
	field.type = field_type
	return field


## Makes the field one that may be absent; returns it.
func as_optional() -> Self:
	is_optional = true
	return self


## Tells whether [param value] is of the field's type, size and range.
func accepts(value: Variant) -> bool:
	match type:
		Type.UINT:
			return value is int and value >= minimum and value <= maximum
		Type.BOOLEAN:
			return value is bool
		Type.BYTES:
			return _accepts_bytes(value)
		Type.TEXT:
			return _accepts_text(value)
	return _accepts_records(value)


func _accepts_bytes(value: Variant) -> bool:
	if not value is PackedByteArray:
		return false
	var data: PackedByteArray = value
	return sizes.has(data.size()) if sizes else data.size() <= maximum


func _accepts_text(value: Variant) -> bool:
	if not value is String:
		return false
	var string: String = value
	return string.to_utf8_buffer().size() <= maximum


func _accepts_records(value: Variant) -> bool:
	if not value is Array:
		return false
	var items: Array = value
	return items.size() <= maximum and items.all(_accepts_record)


func _accepts_record(record: Variant) -> bool:
	if record is PackedInt64Array:
		var numbers: PackedInt64Array = record
		return numbers.size() == width and not Array(numbers).any(_is_negative)
	if not record is Array:
		return false
	var items: Array = record
	return items.size() == width and items.all(_is_uint)


static func _is_negative(number: int) -> bool:
	return number < 0


static func _is_uint(item: Variant) -> bool:
	return item is int and item >= 0
