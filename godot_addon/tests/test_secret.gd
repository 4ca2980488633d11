extends "res://tests/test_case.gd"
## Tickets and keys as people copy them.

const Secret := preload("res://addons/packhorse/wire/secret.gd")
const RoomWish := preload("res://addons/packhorse/nodes/room_wish.gd")
const Wish := preload("res://addons/packhorse/core/wish.gd")


func test_secret_is_read_as_it_was_shown() -> void:
	var bytes := "fbff00a1".hex_decode()

	assert_eq(Secret.parse("-_8AoQ"), bytes, "plain")
	assert_eq(Secret.parse(" -_8\n Ao\tQ== "), bytes, "with white space and padding")


func test_text_that_is_no_base64url_is_refused() -> void:
	for text: String in ["A", "AB?D", "A+/B", "kéy=", "AB", "AAA=AAAA"]:
		assert_eq(Secret.parse(text), PackedByteArray(), text)


func test_options_with_unreadable_secrets_are_refused() -> void:
	var options := PackhorseRoomOptions.new()
	assert_true(RoomWish.add_access(Wish.new(), options), "without any")
	options.access_key = "AAAA"
	assert_true(not RoomWish.add_access(Wish.new(), options), "short key")
	options.access_key = "A".repeat(24)
	assert_true(RoomWish.add_access(Wish.new(), options), "key")
	options.ticket = "?"
	assert_true(not RoomWish.add_access(Wish.new(), options), "ticket")
