extends "res://tests/test_case.gd"
## The queue of received packets.

const Inbox := preload("res://addons/packhorse/core/inbox.gd")

var _inbox := Inbox.new()


func test_packets_come_out_in_order_with_their_source() -> void:
	_inbox.push(2, PackedByteArray([1]))
	_inbox.push(3, PackedByteArray([2]))

	assert_eq(_inbox.next_source(), 2, "first source")
	assert_eq(_inbox.pop(), PackedByteArray([1]), "first packet")
	assert_eq(_inbox.next_source(), 3, "second source")
	assert_eq(_inbox.pop(), PackedByteArray([2]), "second packet")
	assert_eq(_inbox.size(), 0, "size")


func test_empty_inbox_gives_nothing() -> void:
	assert_eq(_inbox.next_source(), 0, "source")
	assert_eq(_inbox.pop(), PackedByteArray(), "packet")


func test_inbox_is_bounded() -> void:
	for _index in Inbox.MAX_PACKETS:
		_inbox.push(2, PackedByteArray([1]))

	assert_true(not _inbox.push(2, PackedByteArray([1])), "refused")
	assert_eq(_inbox.size(), Inbox.MAX_PACKETS, "size")


func test_order_holds_while_packets_come_and_go() -> void:
	var expected := 0
	for number in 10000:
		_inbox.push(2, PackedByteArray([number & 0xFF]))
		if number % 3:
			var packet := _inbox.pop()
			assert_eq(packet[0], expected & 0xFF, "packet")
			expected += 1


func test_discard_drops_the_packets_of_one_peer() -> void:
	for source: int in [2, 3, 2, 4]:
		_inbox.push(source, PackedByteArray([source]))
	_inbox.pop()

	_inbox.discard(2)

	assert_eq(_inbox.size(), 2, "size")
	assert_eq(_inbox.next_source(), 3, "next")
