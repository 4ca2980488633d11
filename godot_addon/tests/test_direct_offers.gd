extends "res://tests/test_case.gd"
## When offers are sent, and which count.

const Codec := preload("res://addons/packhorse/wire/codec.gd")
const Constants := preload("res://addons/packhorse/wire/constants.gd")
const DirectEnd := preload("res://addons/packhorse/core/direct/direct_end.gd")
const Offers := preload("res://addons/packhorse/core/direct/offers.gd")

const ADDRESSES := "0106c00002011b39"

var _random := RandomNumberGenerator.new()


func _random_bytes(size: int) -> PackedByteArray:
	var bytes := PackedByteArray()
	for _index in size:
		bytes.append(_random.randi() & 0xFF)
	return bytes


func _side() -> Offers:
	var offers := Offers.new(DirectEnd.choose(_random_bytes))
	offers.offer(ADDRESSES.hex_decode(), 1.0)
	return offers


## Carries what a side sends at [param now]; false when it sends nothing.
func _carry(sender: Offers, receiver: Offers, now: float) -> bool:
	var data := sender.take(now)
	return not data.is_empty() and receiver.receive(Offers.decode(data), now)


func test_offer_is_repeated_ever_more_rarely_and_then_no_more() -> void:
	var offers := _side()
	var times := PackedFloat64Array()
	while offers.due < INF:
		times.append(offers.due)
		offers.take(offers.due)

	assert_eq(times.slice(0, 4), PackedFloat64Array([1.0, 1.25, 1.75, 2.75]), "times")
	assert_eq(times.size(), 9, "offers")
	assert_eq(times[-1] - times[-2], Constants.OFFER_INTERVAL_MAX, "last distance")


func test_two_sides_that_ask_each_other_come_to_rest() -> void:
	var one := _side()
	var other := _side()
	var sent := 0
	for tick in 100:
		var now := 1.0 + tick * 0.05
		sent += int(_carry(one, other, now)) + int(_carry(other, one, now))

	assert_true(one.is_heard() and other.is_heard(), "heard")
	assert_eq([one.due, other.due], [INF, INF], "due")
	assert_true(sent <= 4, "offers: %d" % sent)


func test_old_offer_is_refused_and_the_same_again_is_not_new() -> void:
	var one := _side()
	var other := _side()
	var first := Offers.decode(one.take(1.0))
	one.renew(2.0)
	var second := Offers.decode(one.take(2.0))

	assert_true(other.receive(second, 2.0) and other.peer == second, "new")
	assert_true(not other.receive(first, 2.0), "old")
	var again := Offers.decode(one.take(3.0))
	assert_true(other.receive(again, 3.0) and other.peer == second, "the same again")


func test_peer_that_was_started_anew_begins_with_1() -> void:
	var one := _side()
	var other := _side()
	one.renew(1.0)
	_carry(one, other, 1.0)
	_carry(_side(), other, 2.0)

	assert_eq(other.peer.number(&"seq"), 1, "number")
	assert_true(not other.is_heard(), "the new one has heard nothing")


func test_other_messages_are_no_offers() -> void:
	assert_eq(Offers.decode("c1".hex_decode()).drop, Constants.DROP_FORBIDDEN_TYPE, "no msgpack")
	var fields: Dictionary[StringName, Variant] = {
		&"seq": 1, &"challenge": "0001020304050607".hex_decode()
	}
	var check := Codec.encode_body(Constants.MessageType.CHECK, fields)
	assert_eq(Offers.decode(check).drop, Constants.DROP_UNEXPECTED_MESSAGE, "CHECK")
