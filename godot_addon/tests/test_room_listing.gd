extends "res://tests/test_case.gd"
## Asking a relay for its public rooms, with a fake relay.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Ctrl := preload("res://addons/packhorse/wire/ctrl.gd")
const FakeRelay := preload("res://tests/support/fake_relay.gd")
const Header := preload("res://addons/packhorse/wire/header.gd")
const RoomListing := preload("res://addons/packhorse/core/room_listing.gd")
const Wish := preload("res://addons/packhorse/core/wish.gd")

const FIRST := "0000000001 0001 0008 00 0000"
const SECOND := "0000000002 0001 0008 00 0000"

var _listing: RoomListing
var _request: PackedByteArray


func test_pages_are_asked_for_one_after_the_other() -> void:
	_greet()
	assert_eq(FakeRelay.read_ctrl(_request).text(&"after"), "", "first page")
	_answer(FIRST, true)
	_request = _listing.handle_timeout(0.0)
	assert_eq(FakeRelay.read_ctrl(_request).text(&"after"), "00000001", "second page")
	_answer(SECOND, false)

	assert_true(_listing.is_done(), "done")
	assert_eq(_listing.rooms().size(), 2, "rooms")
	assert_eq(_listing.next_timeout(), INF, "timeout")


func test_relay_that_lists_in_circles_is_not_followed() -> void:
	_greet()
	_answer(SECOND, true)
	_request = _listing.handle_timeout(0.0)
	for page: String in [FIRST, SECOND]:
		_answer(page, true)

	assert_eq(_listing.drops, {Constants.DROP_UNEXPECTED_MESSAGE: 2}, "drops")
	assert_eq(_listing.rooms().size(), 1, "rooms")


func test_page_that_is_cut_is_dropped() -> void:
	_greet()
	_answer(FIRST.left(8), false)

	assert_eq(_listing.drops, {Constants.DROP_TRUNCATED: 1}, "drops")
	assert_true(not _listing.is_done(), "not done")


func test_refusal_ends_the_list() -> void:
	_greet()
	var code := Constants.ErrorCode.TICKET_REQUIRED
	_listing.receive_datagram(FakeRelay.error(_request, code), FakeRelay.ADDRESS, 0.0)
	_listing.handle_timeout(0.0)

	assert_eq(_listing.error.code, code, "code")


func _greet() -> void:
	_listing = RoomListing.new(Wish.new(), FakeRelay.ADDRESS, _random, 0.0)
	var hello := _listing.handle_timeout(0.0)
	_listing.receive_datagram(FakeRelay.challenge(hello), FakeRelay.ADDRESS, 0.0)
	_request = _listing.handle_timeout(0.0)


func _answer(entries: String, more: bool) -> void:
	var fields: Dictionary[StringName, Variant] = {
		&"rooms": entries.replace(" ", "").hex_decode(), &"more": more
	}
	var type := Constants.MessageType.ROOM_LIST
	var datagram := Ctrl.encode(type, fields, Header.word_of(_request))
	_listing.receive_datagram(datagram, FakeRelay.ADDRESS, 0.0)


func _random(size: int) -> PackedByteArray:
	var bytes := PackedByteArray()
	bytes.resize(size)
	bytes.fill(7)
	return bytes
