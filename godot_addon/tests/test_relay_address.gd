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


func test_addresses_of_websockets_become_urls() -> void:
	var expected := {
		"ws://relay": "ws://relay:6969/v1",
		"ws://relay/": "ws://relay:6969/v1",
		" wss://relay:443/games/relay ": "wss://relay:443/games/relay",
		"ws://[::1]:7000": "ws://[::1]:7000/v1",
		"ws://::1/a": "ws://[::1]:6969/a",
		"relay:7000": "wss://relay:7000/v1",
		"2001:db8::1": "wss://[2001:db8::1]:6969/v1",
	}
	for text: String in expected:
		var address := RelayAddress.parse(text)
		assert_eq(address.url("wss") if address else "", expected[text], text)


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
		"http://relay",
		"WS://relay",
		"://relay",
		"ws://",
		"ws:///v1",
		"ws://relay:0/v1",
		"ws://relay/two words",
		"ws://relay/umläut",
		"ws://relay/" + "a".repeat(256),
		"wss://user@relay",
		"ws://relay?x",
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
