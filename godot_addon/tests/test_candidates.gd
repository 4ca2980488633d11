extends "res://tests/test_case.gd"
## Which ways to a relay are tried, and in which order.

const Candidates := preload("res://addons/packhorse/core/candidates.gd")
const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Reach := preload("res://addons/packhorse/net/reach.gd")
const RelayAddress := preload("res://addons/packhorse/core/relay_address.gd")

const AUTO := Candidates.Transport.AUTO
const UDP := Candidates.Transport.UDP
const WEBSOCKET := Candidates.Transport.WEBSOCKET
const ADDRESSES: Array[String] = ["2001:db8::1", "192.0.2.1"]


func test_udp_comes_first_then_websocket_without_and_with_tls() -> void:
	var expected: Array[String] = [
		"UDP [2001:db8::1]:6969",
		"UDP 192.0.2.1:6969",
		"ws://relay:6969/v1",
		"wss://relay:6969/v1",
	]
	assert_eq(_names("relay", AUTO), expected, "AUTO")


func test_websocket_waits_for_udp_longer_than_one_address_for_the_next() -> void:
	var pauses: Array[float] = []
	for candidate in Candidates.list(RelayAddress.parse("relay"), ADDRESSES, AUTO, false):
		pauses.append(candidate.pause)

	var head_start := Constants.WS_HEAD_START
	assert_eq(pauses, [0.25, 0.25, head_start, head_start] as Array[float], "pauses")


func test_udp_alone_is_udp_alone() -> void:
	var expected: Array[String] = ["UDP [2001:db8::1]:6969", "UDP 192.0.2.1:6969"]
	assert_eq(_names("relay", UDP), expected, "UDP")


func test_websocket_alone_takes_no_udp() -> void:
	var expected: Array[String] = ["ws://relay:6969/v1", "wss://relay:6969/v1"]
	assert_eq(_names("relay", WEBSOCKET), expected, "WEBSOCKET")


func test_address_with_a_scheme_is_the_only_way() -> void:
	assert_eq(_names("wss://relay/a/b", AUTO), ["wss://relay:6969/a/b"] as Array[String], "wss")
	assert_eq(_names("ws://[::1]:7000", WEBSOCKET), ["ws://[::1]:7000/v1"] as Array[String], "ws")


func test_browser_takes_websocket_whatever_the_address() -> void:
	var reach := Reach.new(RelayAddress.parse("relay"), true)

	assert_true(not reach.needs_addresses(), "resolves nothing")
	assert_eq(str(reach.candidates([])[0]), "ws://relay:6969/v1", "first")
	assert_true(reach.is_possible(), "possible")
	reach.transport = UDP
	assert_true(not reach.is_possible(), "UDP in a browser")


func test_page_that_came_over_tls_asks_for_nothing_else() -> void:
	var found := Candidates.list(RelayAddress.parse("relay"), [], WEBSOCKET, true)

	assert_eq(str(found), "[wss://relay:6969/v1]", "ways")


func test_udp_to_an_address_with_a_scheme_is_impossible() -> void:
	var reach := Reach.new(RelayAddress.parse("ws://relay"), false)
	assert_true(reach.is_possible(), "AUTO")
	reach.transport = UDP
	assert_true(not reach.is_possible(), "UDP")


func _names(relay: String, transport: Candidates.Transport) -> Array[String]:
	var names: Array[String] = []
	for candidate in Candidates.list(RelayAddress.parse(relay), ADDRESSES, transport, false):
		names.append(str(candidate))
	return names
