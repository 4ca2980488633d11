extends RefCounted
## Strict UTF-8: Godot's own decoder replaces bad bytes, logs them, and skips a byte order mark.

const _BYTE_ORDER_MARK: Array[int] = [0xEF, 0xBB, 0xBF]


## Tells whether [param data] is UTF-8 without U+0000, overlong forms and surrogates.
static func is_valid(data: PackedByteArray) -> bool:
	var position := 0
	while position < data.size():
		var length := _sequence_length(data[position])
		if length == 0 or length > data.size() - position:
			return false
		if length > 1 and not _is_sequence(data, position, length):
			return false
		position += length
	return true


## Returns the text of [param data], which is valid.
static func decode(data: PackedByteArray) -> String:
	var text := data.get_string_from_utf8()
	return String.chr(0xFEFF) + text if _starts_with_mark(data) else text


## Returns how many bytes the character has that starts with [param lead]; 0 when none does.
static func _sequence_length(lead: int) -> int:
	if lead < 0x80:
		return 1 if lead else 0
	if lead < 0xC2 or lead > 0xF4:
		return 0
	if lead < 0xE0:
		return 2
	return 3 if lead < 0xF0 else 4


static func _is_sequence(data: PackedByteArray, start: int, length: int) -> bool:
	for index in range(start + 1, start + length):
		if data[index] & 0xC0 != 0x80:
			return false
	var second := data[start + 1]
	match data[start]:
		0xE0:
			return second >= 0xA0  # below: overlong
		0xED:
			return second < 0xA0  # above: surrogates
		0xF0:
			return second >= 0x90  # below: overlong
		0xF4:
			return second < 0x90  # above: beyond U+10FFFF
	return true


static func _starts_with_mark(data: PackedByteArray) -> bool:
	return data.size() >= 3 and Array(data.slice(0, 3)) == _BYTE_ORDER_MARK
