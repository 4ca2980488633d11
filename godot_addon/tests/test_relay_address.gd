extends "res://tests/test_case.gd"
## Relay addresses as people type them.

const RelayAddress := preload("res://addons/packhorse/core/relay_address.gd")


func test_every_way_to_write_an_address() -> void:
	var expected := {
		"relay.example.org": ["relay.example.org", 6969],
		" relay.example.org ": ["relay.example.org", 6969],
		"relay:7000": ["relay", 7000],
		"relay:": ["relay", 6969],
		"192.0.2.1:1": ["192.0.2.1", 1],
		"192.0.2.1:65535": ["192.0.2.1", 65535],
		"[2001:db8::1]": ["2001:db8::1", 6969],
		"[2001:db8::1]:7000": ["2001:db8::1", 7000],
		"2001:db8::1": ["2001:db8::1", 6969],
	}
	for text: String in expected:
		var address := RelayAddress.parse(text)
		assert_eq([address.host, address.port] if address else [], expected[text], text)


func test_what_is_no_address_is_refused() -> void:
	for text: String in [
		"",
		" ",
		":7000",
		"two words",
		"relay:0",
		"relay:65536",
		"relay:-1",
		"relay:+1",
		"relay:1.5",
		"relay:99999999999999999999",
		"ws://relay",
		"wss://relay/path",
		"CODE@relay",
		"[",
		"[]",
		"[::1",
		"[::1]7000",
		"::1]",
		"[[::1]]",
		"re\tlay",
	]:
		assert_eq(RelayAddress.parse(text), null, text)
