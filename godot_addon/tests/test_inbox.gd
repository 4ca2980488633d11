extends "res://tests/test_case.gd"
## The queue of received packets.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Event := preload("res://addons/packhorse/core/event.gd")
const Inbox := preload("res://addons/packhorse/core/inbox.gd")

var _inbox := Inbox.new()


func test_packets_come_out_in_order_with_their_source() -> void:
	_inbox.push(Event.message(2, PackedByteArray([1])))
	_inbox.push(Event.message(3, PackedByteArray([2])))

	assert_eq(_inbox.next().peer, 2, "first source")
	assert_eq(_inbox.pop().data, PackedByteArray([1]), "first packet")
	assert_eq(_inbox.next().peer, 3, "second source")
	assert_eq(_inbox.pop().data, PackedByteArray([2]), "second packet")
	assert_eq(_inbox.size(), 0, "size")


func test_empty_inbox_gives_nothing() -> void:
	assert_true(_inbox.next() == null, "next")
	assert_true(_inbox.pop() == null, "packet")
	assert_eq(_inbox.size(), 0, "size")


func test_inbox_is_bounded() -> void:
	for _index in Inbox.MAX_PACKETS:
		_inbox.push(Event.message(2, PackedByteArray([1])))

	assert_true(not _inbox.push(Event.message(2, PackedByteArray([1]))), "refused")
	assert_eq(_inbox.size(), Inbox.MAX_PACKETS, "size")


func test_full_inbox_refuses_nothing_reliable() -> void:
	for _index in Inbox.MAX_PACKETS:
		_inbox.push(Event.message(2, PackedByteArray([1])))

	var reliable := Event.message(2, PackedByteArray([1]), Constants.Mode.RELIABLE)

	assert_true(_inbox.push(reliable), "taken")


func test_order_holds_while_packets_come_and_go() -> void:
	var expected := 0
	for number in 10000:
		_inbox.push(Event.message(2, PackedByteArray([number & 0xFF])))
		if number % 3:
			var packet := _inbox.pop().data
			assert_eq(packet[0], expected & 0xFF, "packet")
			expected += 1


func test_discard_drops_the_packets_of_one_peer() -> void:
	for source: int in [2, 3, 2, 4]:
		_inbox.push(Event.message(source, PackedByteArray([source])))
	_inbox.pop()

	var dropped := _inbox.discard(2)

	assert_eq(dropped.size(), 1, "dropped")
	assert_eq(_inbox.size(), 2, "size")
	assert_eq(_inbox.next().peer, 3, "next")
