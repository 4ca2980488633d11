extends "res://tests/test_case.gd"
## What room options become for the relay.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const RoomWish := preload("res://addons/packhorse/nodes/room_wish.gd")


func test_long_metadata_ends_with_a_whole_character() -> void:
	var options := PackhorseRoomOptions.new()
	options.metadata = "x" + "ä".repeat(300)

	var metadata: PackedByteArray = RoomWish.change(options).metadata

	assert_eq(metadata.size(), Constants.MAX_METADATA - 1, "bytes")
	assert_eq(metadata.get_string_from_utf8(), "x" + "ä".repeat(255), "text")


func test_metadata_that_fits_is_sent_whole() -> void:
	var options := PackhorseRoomOptions.new()
	options.metadata = "ä".repeat(256)

	assert_eq(RoomWish.change(options).metadata, options.metadata.to_utf8_buffer(), "bytes")
