extends RefCounted
## One public room, as the lobby shows it.

const Self := preload("room_entry.gd")
const Utf8 := preload("../wire/utf8.gd")

const _LONGEST_TEXT := 24  # characters of what a stranger chose; the rest of the line is ours

var code := ""  ## As people see it.
var peers := 0  ## Number of peers inside, host included.
var max_peers := 0
var has_password := false
var asks_host := false
var is_locked := false
var text := ""  ## What the host says about it, one line.


## Returns the entries that [signal PackhorseRoomList.rooms_listed] gave.
static func all_of(rooms: Array[Dictionary]) -> Array[Self]:
	var entries: Array[Self] = []
	for room in rooms:
		entries.append(_from(room))
	return entries


## Returns the room in words, for example "Parcel Rush · 2 of 8 · password".
func words() -> String:
	var parts: Array[String] = [text if text else code, "%d of %d" % [peers, max_peers]]
	if has_password:
		parts.append("password")
	if asks_host:
		parts.append("the host decides")
	if is_locked:
		parts.append("locked")
	return " · ".join(parts)


static func _from(room: Dictionary) -> Self:
	var entry := Self.new()
	entry.code = room["code"]
	entry.peers = room["peers"]
	entry.max_peers = room["max_peers"]
	entry.has_password = room["password"]
	entry.asks_host = room["approval"]
	entry.is_locked = room["locked"]
	var bytes: PackedByteArray = room["metadata"]
	entry.text = _one_line(bytes)
	return entry


## A stranger's bytes: what is not UTF-8 is left out, and so are control characters and marks of
## writing direction, which could break the line or turn it round.
static func _one_line(bytes: PackedByteArray) -> String:
	if not Utf8.is_valid(bytes):
		return ""
	var line := ""
	for symbol in Utf8.decode(bytes):
		if not _is_unsafe(symbol.unicode_at(0)):
			line += symbol
	line = line.strip_edges()
	return line if line.length() <= _LONGEST_TEXT else line.left(_LONGEST_TEXT - 1) + "…"


static func _is_unsafe(point: int) -> bool:
	var is_control := point < 0x20 or point >= 0x7F and point < 0xA0
	return is_control or point >= 0x200B and point <= 0x206F or point == 0xFEFF
