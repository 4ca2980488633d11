extends "res://tests/test_case.gd"
## What the vectors cannot say: encoders refuse bad input, decoders survive random bytes.

const Address := preload("res://addons/packhorse/wire/address.gd")
const Codec := preload("res://addons/packhorse/wire/codec.gd")
const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Ctrl := preload("res://addons/packhorse/wire/ctrl.gd")
const EngineErrors := preload("res://tests/support/engine_errors.gd")
const Header := preload("res://addons/packhorse/wire/header.gd")
const Legacy := preload("res://addons/packhorse/wire/legacy.gd")
const MessageLayout := preload("res://addons/packhorse/wire/message_layout.gd")
const Messages := preload("res://addons/packhorse/wire/messages.gd")
const MsgpackProfile := preload("res://addons/packhorse/wire/msgpack_profile.gd")
const Seal := preload("res://addons/packhorse/wire/seal.gd")
const Utf8 := preload("res://addons/packhorse/wire/utf8.gd")

const SEED := 20250101
const RANDOM_INPUTS := 3000
const HELLO: Dictionary[StringName, Variant] = {
	&"version_min": 1, &"version_max": 1, &"features": 0
}


func test_messages_are_those_of_the_registry() -> void:
	var types := Constants.MessageType.values()

	assert_eq(Messages.layouts.keys(), types, "types")


func test_field_keys_ascend() -> void:
	for type in Messages.layouts:
		var previous := 0
		for field in Messages.layouts[type].fields:
			assert_true(field.key > previous, "%s.%s" % [Messages.layouts[type].name, field.name])
			previous = field.key


func test_padded_hello_has_the_wanted_size() -> void:
	for wanted: int in [256, 576, 1200]:
		var size := _padded(wanted).size()
		assert_eq(size, wanted, "size")


func test_unreachable_pad_is_one_byte_short() -> void:
	# A pad of 255 bytes has one byte of length, a pad of 256 bytes two.
	var unpadded := _padded(0).size()
	var sizes: Array[int] = []
	for wanted in range(unpadded + 255, unpadded + 262):
		sizes.append(_padded(wanted).size() - unpadded)

	assert_eq(sizes, [255, 256, 257, 258, 258, 260, 261] as Array[int], "sizes")


func test_smallest_pads_keep_to_the_wanted_size() -> void:
	var unpadded := _padded(0).size()
	var sizes: Array[int] = []
	for wanted in range(unpadded, unpadded + 6):
		sizes.append(_padded(wanted).size() - unpadded)

	assert_eq(sizes, [0, 0, 0, 3, 4, 5] as Array[int], "sizes")


func test_encoding_refuses_fields_that_are_wrong() -> void:
	var nonce := PackedByteArray()
	nonce.resize(16)
	for wrong: Dictionary in [
		{&"nonce": nonce.slice(1)},
		{&"nonce": "sixteen letters!"},
		{&"version_min": 256},
		{&"version_min": -1},
		{&"version_min": true},
		{&"features": null},
		{&"pad": 7},
	]:
		var fields: Dictionary[StringName, Variant] = HELLO.duplicate()
		fields[&"nonce"] = nonce
		fields.merge(wrong, true)
		var datagram := Ctrl.encode(Constants.MessageType.HELLO, fields, 1)
		assert_eq(datagram.size(), 0, str(wrong))


func test_encoding_refuses_a_missing_field() -> void:
	var datagram := Ctrl.encode(Constants.MessageType.HELLO, HELLO, 1)

	assert_eq(datagram.size(), 0, "size")


func test_encoding_refuses_records_of_another_width() -> void:
	for records: Array in [[[1, 2, 3]], [PackedInt64Array([1, 2, 3])], [[1, 2, 3, -1]], [5]]:
		var fields: Dictionary[StringName, Variant] = {&"seq": 1, &"events": records}
		var body := Codec.encode_body(Constants.MessageType.EVENTS, fields)
		assert_eq(body.size(), 0, str(records))


func test_msgpack_encoder_refuses_what_the_profile_lacks() -> void:
	var large := PackedByteArray()
	large.resize(1181)
	var itself := []
	itself.append(itself)
	for value: Variant in [
		1.5,
		-0x80000001,
		0x100000000,
		{"text": 1},
		{128: 1},
		{-1: 1},
		large,
		"x".repeat(257),
		[[[[[]]]]],
		range(65),
		itself,
		Vector2.ZERO,
	]:
		assert_eq(MsgpackProfile.encode(value).size(), 0, str(typeof(value)))
	itself.clear()


func test_msgpack_encoder_sorts_keys() -> void:
	var encoded := MsgpackProfile.encode({5: null, 0: true, 127: "a"})

	assert_eq(encoded.hex_encode(), "8300c305c07fa161", "bytes")


## The vectors' bad UTF-8 must not reach the engine's decoder, which logs it.
func test_bad_utf8_logs_nothing() -> void:
	var errors := EngineErrors.start()
	for vector: Dictionary in vectors("msgpack").get("cases", []):
		MsgpackProfile.decode(str(vector["bytes"]).hex_decode())

	assert_eq(EngineErrors.stop(errors), [] as Array[String], "errors that the engine logged")


func test_engine_errors_are_seen() -> void:
	var errors := EngineErrors.start()
	push_error("logged on purpose by a test")
	var seen := EngineErrors.stop(errors)

	assert_eq(seen.is_empty(), not ClassDB.class_exists(&"Logger"), "seen where there is a logger")


func test_utf8_keeps_a_byte_order_mark() -> void:
	var bytes := "efbbbf41".hex_decode()

	assert_true(Utf8.is_valid(bytes), "valid")
	assert_eq(Utf8.decode(bytes).to_utf8_buffer().hex_encode(), "efbbbf41", "bytes")


func test_address_takes_every_way_to_write_ipv6() -> void:
	for text: String in [
		"2001:db8::1",
		"2001:DB8:0:0:0:0:0:1",
		"2001:0db8::0.0.0.1",
		"2001:db8::1%eth0",
	]:
		var data := Address.encode(text, 1)
		assert_eq(Address.show(data) if data else "", "[2001:db8::1]:1", text)


func test_address_refuses_what_is_no_ip_literal() -> void:
	for text: String in [
		"",
		"relay.example.org",
		"1.2.3",
		"1.2.3.4.5",
		"256.1.1.1",
		"01.2.3.4",
		"1.2.3.-4",
		"1.2.3.+4",
		"1.2.3. 4",
		":",
		":::",
		"1::2::3",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7:8::",
		"12345::",
		"g::",
		"-1::",
		"::1.2.3",
		"1.2.3.4::",
	]:
		assert_eq(Address.encode(text, 1).size(), 0, text)


func test_address_refuses_ports_out_of_range() -> void:
	assert_eq(Address.encode("192.0.2.1", -1).size(), 0, "-1")
	assert_eq(Address.encode("192.0.2.1", 65536).size(), 0, "65536")


func test_decoders_survive_random_bytes() -> void:
	var random := RandomNumberGenerator.new()
	random.seed = SEED
	var errors := EngineErrors.start()
	for _index in RANDOM_INPUTS:
		_decode_all(_random_bytes(random))

	assert_eq(EngineErrors.stop(errors), [] as Array[String], "errors that the engine logged")


func test_decoders_survive_damaged_vectors() -> void:
	var random := RandomNumberGenerator.new()
	random.seed = SEED
	var errors := EngineErrors.start()
	for topic: String in ["ctrl", "seal", "msgpack", "header", "legacy"]:
		for vector: Dictionary in vectors(topic).get("cases", []):
			_decode_all(_damaged(str(vector["bytes"]).hex_decode(), random))

	assert_eq(EngineErrors.stop(errors), [] as Array[String], "errors that the engine logged")


## What decoding gives is encoded to bytes that decode to the same.
func test_decoded_random_values_are_encoded_to_the_same_bytes() -> void:
	var random := RandomNumberGenerator.new()
	random.seed = SEED
	var decoded_count := 0
	for _index in RANDOM_INPUTS:
		var bytes := _random_bytes(random).slice(0, 12)
		var decoded := MsgpackProfile.decode(bytes)
		if not decoded.drop:
			decoded_count += 1
			var encoded := MsgpackProfile.encode(decoded.result)
			assert_eq(encoded.hex_encode(), bytes.hex_encode(), "bytes")
	assert_true(decoded_count > 0, "some inputs are values")


func _padded(wanted: int) -> PackedByteArray:
	var fields: Dictionary[StringName, Variant] = HELLO.duplicate()
	fields[&"nonce"] = PackedByteArray([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
	return Ctrl.encode_padded(Constants.MessageType.HELLO, fields, 1, wanted)


## Returns bytes that start like a datagram or a body as often as not.
func _random_bytes(random: RandomNumberGenerator) -> PackedByteArray:
	var bytes := PackedByteArray()
	for _index in random.randi_range(0, 60):
		bytes.append(random.randi_range(0, 255))
	if bytes.size() > 8 and random.randi_range(0, 1):
		bytes[0] = random.randi_range(0xA4, 0xA7)
		bytes[1] = 0
		bytes[6] = 0x80 | random.randi_range(1, 4)
		bytes[7] = 0
		bytes[8] = random.randi_range(1, 26)
	return bytes


func _damaged(bytes: PackedByteArray, random: RandomNumberGenerator) -> PackedByteArray:
	for _index in 3:
		if bytes:
			bytes[random.randi_range(0, bytes.size() - 1)] = random.randi_range(0, 255)
	return (
		bytes.slice(0, random.randi_range(0, bytes.size())) if random.randi_range(0, 1) else bytes
	)


func _decode_all(bytes: PackedByteArray) -> void:
	var decoded := MsgpackProfile.decode(bytes)
	if decoded.drop and decoded.result != null:
		fail("a value beside a drop reason")
	if not Legacy.check(bytes):
		Legacy.payload_of(bytes)
	if Header.check(bytes):
		return
	for sender: MessageLayout.Sender in MessageLayout.Sender.values():
		var message := Ctrl.decode(bytes, sender)
		if message.drop.is_empty() == (message.type == 0):
			fail("neither a message nor a drop reason, or both")
		Seal.decode(bytes, Header.word_of(bytes), bytes, sender)
		Codec.decode_body(bytes.slice(6), Constants.FirstByte.SEAL, sender)
