extends RefCounted
## Entries of the list of public rooms.

const Constants := preload("constants.gd")
const RoomCode := preload("room_code.gd")

const _HEAD := 12  # bytes: code, members, places, flags, length of the metadata
const _CODE := 5  # bytes


## Returns the rooms of a page, or nothing and in [param drop] why it must be dropped. Each has
## [code]code[/code] (canonical), [code]peers[/code], [code]max_peers[/code],
## [code]password[/code], [code]approval[/code], [code]locked[/code] and [code]metadata[/code].
##
## Source: protocol_spec/SPEC.md section 7.7.
static func decode(data: PackedByteArray, drop: Array[StringName]) -> Array[Dictionary]:
	var rooms: Array[Dictionary] = []
	var start := 0
	while start < data.size():
		var reason := _check(data, start)
		if reason:
			drop.append(reason)
			return []
		var end := start + _HEAD + _number(data, start + 10)
		rooms.append(_room(data, start, end))
		start = end
	return rooms


static func _check(data: PackedByteArray, start: int) -> StringName:
	if start + _HEAD > data.size():
		return Constants.DROP_TRUNCATED
	var size := _number(data, start + 10)
	if size > Constants.MAX_METADATA:
		return Constants.DROP_BAD_FIELD
	return Constants.DROP_TRUNCATED if start + _HEAD + size > data.size() else &""


static func _room(data: PackedByteArray, start: int, end: int) -> Dictionary:
	var flags := data[start + 9]
	return {
		"code": RoomCode.encode(data.slice(start, start + _CODE)),
		"peers": _number(data, start + 5),
		"max_peers": _number(data, start + 7),
		"password": flags & 1 != 0,
		"approval": flags & 2 != 0,
		"locked": flags & 4 != 0,
		"metadata": data.slice(start + _HEAD, end),
	}


static func _number(data: PackedByteArray, start: int) -> int:
	return data[start] << 8 | data[start + 1]
