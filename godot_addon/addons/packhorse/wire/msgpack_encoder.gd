extends RefCounted
## Writes values in their shortest form.

const _MAX_UINT := 0xFFFFFFFF
const _MIN_INT := -0x80000000
## Kind of container or string to [length that fits the lead byte, that lead byte,
## lead bytes of the longer forms with 1, 2 and 4 bytes of length; 0 for none].
const _STR: Array[int] = [31, 0xA0, 0xD9, 0xDA, 0xDB]
const _BIN: Array[int] = [-1, 0, 0xC4, 0xC5, 0xC6]
const _ARRAY: Array[int] = [15, 0x90, 0, 0xDC, 0xDD]
const _MAP: Array[int] = [15, 0x80, 0, 0xDE, 0xDF]
## Containers in containers; a value that holds itself would not end.
const _DEEPEST := 16

## The bytes so far.
var output := PackedByteArray()
## False after a value that msgpack or the profile has no form for.
var is_encodable := true


## Adds [param value] to the output.
func append(value: Variant, depth := 0) -> void:
	match typeof(value):
		TYPE_NIL:
			output.append(0xC0)
		TYPE_BOOL:
			output.append(0xC3 if value else 0xC2)
		TYPE_INT:
			var number: int = value
			_append_integer(number)
		TYPE_STRING:
			var text: String = value
			_append_sized(text.to_utf8_buffer(), _STR)
		TYPE_PACKED_BYTE_ARRAY:
			var bytes: PackedByteArray = value
			_append_sized(bytes, _BIN)
		_:
			_append_container(value, depth)


func _append_container(value: Variant, depth: int) -> void:
	if depth > _DEEPEST:
		is_encodable = false
	elif value is Array:
		var items: Array = value
		_append_array(items, depth)
	elif value is PackedInt64Array:
		var numbers: PackedInt64Array = value
		_append_array(Array(numbers), depth)
	elif value is Dictionary:
		var map: Dictionary = value
		_append_map(map, depth)
	else:
		is_encodable = false


func _append_array(items: Array, depth: int) -> void:
	_append_length(items.size(), _ARRAY)
	for item: Variant in items:
		append(item, depth + 1)


func _append_map(map: Dictionary, depth: int) -> void:
	var keys := map.keys()
	if not keys.all(_is_integer):
		is_encodable = false
		return
	keys.sort()
	_append_length(keys.size(), _MAP)
	for key: int in keys:
		_append_integer(key)
		append(map[key], depth + 1)


func _append_integer(number: int) -> void:
	if number < _MIN_INT or number > _MAX_UINT:
		is_encodable = false
	elif number >= -32 and number <= 0x7F:
		output.append(number & 0xFF)
	elif number >= 0:
		_append_wide(number, 0xCC, _width(number))
	elif number >= -0x80:
		_append_wide(number, 0xD0, 1)
	else:
		_append_wide(number, 0xD0, 2 if number >= -0x8000 else 4)


## Adds a lead byte of the family [param first_lead] and [param width] bytes of number.
func _append_wide(number: int, first_lead: int, width: int) -> void:
	output.append(first_lead + (width >> 1))
	_append_big_endian(number, width)


func _append_sized(bytes: PackedByteArray, forms: Array[int]) -> void:
	_append_length(bytes.size(), forms)
	output.append_array(bytes)


func _append_length(length: int, forms: Array[int]) -> void:
	if length <= forms[0]:
		output.append(forms[1] | length)
		return
	var width := _width(length)
	if width == 1 and forms[2] == 0:
		width = 2
	output.append(forms[2 + (width >> 1)])
	_append_big_endian(length, width)


func _append_big_endian(number: int, width: int) -> void:
	for index in width:
		output.append(number >> 8 * (width - 1 - index) & 0xFF)


## Returns how many bytes [param number] 0..2^32-1 needs: 1, 2 or 4.
static func _width(number: int) -> int:
	if number <= 0xFF:
		return 1
	return 2 if number <= 0xFFFF else 4


static func _is_integer(key: Variant) -> bool:
	return key is int
