extends "res://tests/test_case.gd"
## Invites and entries of the list of rooms.

const Invite := preload("res://addons/packhorse/core/invite.gd")
const RoomEntry := preload("res://addons/packhorse/lobby/room_entry.gd")


func test_code_is_read_in_any_form() -> void:
	for text: String in ["K7QM-2XPA", "k7qm2xpa", " k7qm 2xpa "]:
		var invite := Invite.parse(text)
		assert_eq(invite.code if invite != null else "", "K7QM-2XPA", text)
		assert_eq(invite.relay if invite != null else "none", "", "relay of " + text)


func test_invite_is_what_was_composed() -> void:
	var invite := Invite.parse(Invite.compose("K7QM-2XPA", "[2001:db8::1]:7000"))

	assert_eq(invite.code, "K7QM-2XPA", "code")
	assert_eq(invite.relay, "[2001:db8::1]:7000", "relay")


func test_what_is_no_invite_is_refused() -> void:
	for text: String in ["", "hello", "K7QM-2XP", "K7QM-2XPU", "K7QM-2XPA@", "K7QM-2XPA@a b", "@x"]:
		assert_true(Invite.parse(text) == null, "'%s'" % text)


func test_room_is_shown_in_words() -> void:
	var entry := _entry("Parcel Rush".to_utf8_buffer(), {"password": true, "locked": true})

	assert_eq(entry.words(), "Parcel Rush · 2 of 8 · password · locked", "words")
	assert_eq(entry.code, "K7QM-2XPA", "code")


func test_room_without_text_is_shown_by_its_code() -> void:
	assert_eq(_entry(PackedByteArray(), {}).words(), "K7QM-2XPA · 2 of 8", "words")


func test_strangers_text_cannot_break_or_turn_the_line() -> void:
	var text := "a\nb\u202Ec\u0007d\u200Be" + "x".repeat(500)

	var shown := _entry(text.to_utf8_buffer(), {}).text

	assert_true(shown.begins_with("abcde"), "unsafe characters are left out")
	assert_true(shown.length() <= 24, "length")
	assert_true(shown.ends_with("…"), "says that there is more")


func test_strangers_bytes_that_are_no_text_are_not_shown() -> void:
	assert_eq(_entry(PackedByteArray([0xFF, 0xFE, 0x41]), {}).text, "", "text")


func _entry(metadata: PackedByteArray, changes: Dictionary) -> RoomEntry:
	var room: Dictionary = {
		"code": "K7QM-2XPA",
		"peers": 2,
		"max_peers": 8,
		"password": false,
		"approval": false,
		"locked": false,
		"metadata": metadata,
	}
	room.merge(changes, true)
	var rooms: Array[Dictionary] = [room]
	return RoomEntry.all_of(rooms)[0]
