extends "res://tests/test_case.gd"
## The queue of received packets.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Inbox := preload("res://addons/packhorse/core/inbox.gd")

const UNRELIABLE := Constants.Mode.UNRELIABLE
const RELIABLE := Constants.Mode.RELIABLE

var _inbox := Inbox.new()


func test_packets_come_out_in_order_with_all_that_is_known_of_them() -> void:
	_push(2, PackedByteArray([1]), UNRELIABLE, 0)
	_push(3, PackedByteArray([2]), RELIABLE, 7)

	assert_eq([_inbox.next_peer, _inbox.next_mode, _inbox.next_channel], [2, 0, 0], "first")
	assert_eq(_inbox.pop(), PackedByteArray([1]), "first packet")
	assert_eq([_inbox.next_peer, _inbox.next_mode, _inbox.next_channel], [3, RELIABLE, 7], "second")
	assert_eq(_inbox.pop(), PackedByteArray([2]), "second packet")
	assert_eq(_inbox.waiting, 0, "size")


func test_empty_inbox_gives_nothing() -> void:
	assert_eq([_inbox.next_peer, _inbox.next_mode, _inbox.next_channel], [0, 0, 0], "next")
	assert_eq(_inbox.pop(), PackedByteArray(), "packet")
	assert_eq(_inbox.waiting, 0, "size")


func test_inbox_is_bounded() -> void:
	_fill()

	_push(2, PackedByteArray([1]), UNRELIABLE, 0)
	assert_eq(_inbox.drops, {Constants.DROP_BUFFER_FULL: 1}, "refused")
	assert_eq(_inbox.waiting, Inbox.MAX_PACKETS, "size")


func test_run_of_packets_is_bounded_and_leaves_out_what_is_empty() -> void:
	_inbox.source = 2
	var run: Array[PackedByteArray] = []
	for index in Inbox.MAX_PACKETS + 2:
		run.append(PackedByteArray() if index == 1 else PackedByteArray([index & 0xFF]))

	_inbox.add_run(run, 0, run.size(), UNRELIABLE << 8 | 3)

	var refused := {Constants.DROP_EMPTY_PAYLOAD: 1, Constants.DROP_BUFFER_FULL: 1}
	assert_eq(_inbox.drops, refused, "refused")
	assert_eq(_inbox.waiting, Inbox.MAX_PACKETS, "size")
	assert_eq([_inbox.next_peer, _inbox.next_mode, _inbox.next_channel], [2, 0, 3], "next")
	_inbox.pop()
	assert_eq(_inbox.pop(), PackedByteArray([2]), "second packet")


func test_run_of_reliable_packets_counts_them() -> void:
	var run: Array[PackedByteArray] = [PackedByteArray([1]), PackedByteArray([2])]

	_inbox.add_run(run, 0, 2, RELIABLE << 8)

	assert_eq(_inbox.reliable, 2, "reliable ones")


func test_full_inbox_refuses_nothing_reliable() -> void:
	_fill()

	_push(2, PackedByteArray([1]), RELIABLE, 0)
	assert_eq(_inbox.waiting, Inbox.MAX_PACKETS + 1, "size")


func test_empty_packet_is_refused() -> void:
	_push(2, PackedByteArray(), RELIABLE, 0)

	assert_eq(_inbox.drops, {Constants.DROP_EMPTY_PAYLOAD: 1}, "refused")
	assert_eq(_inbox.waiting, 0, "size")


func test_order_holds_while_packets_come_and_go() -> void:
	var expected := 0
	for number in 10000:
		_push(number, PackedByteArray([number & 0xFF]), UNRELIABLE, 0)
		if number % 3:
			assert_eq(_inbox.next_peer, expected, "source")
			assert_eq(_inbox.pop()[0], expected & 0xFF, "packet")
			expected += 1


func test_discard_drops_the_packets_of_one_peer() -> void:
	for source: int in [2, 3, 2, 4]:
		_push(source, PackedByteArray([source]), UNRELIABLE, source)
	_inbox.pop()

	_inbox.discard(2)

	assert_eq(_inbox.waiting, 2, "size")
	assert_eq([_inbox.next_peer, _inbox.next_channel, _inbox.pop()[0]], [3, 3, 3], "next")
	assert_eq([_inbox.next_peer, _inbox.next_channel, _inbox.pop()[0]], [4, 4, 4], "last")


func test_discard_tells_what_the_reliable_ones_had_taken() -> void:
	_push(2, PackedByteArray([1, 2, 3]), RELIABLE, 0)
	_push(2, PackedByteArray([1, 2]), UNRELIABLE, 0)
	_push(3, PackedByteArray([1]), RELIABLE, 0)

	assert_eq(_inbox.discard(2), PackedInt32Array([3]), "sizes")


func test_packets_of_another_inbox_come_after_those_that_wait() -> void:
	var other := Inbox.new()
	other.source = 3
	other.add(PackedByteArray([2]), RELIABLE << 8 | 7)

	_inbox.append(other.data, other.lanes)
	_inbox.append(other.data, other.lanes)

	for _index in 2:
		var next := [_inbox.next_peer, _inbox.next_mode, _inbox.next_channel, _inbox.pop()]
		assert_eq(next, [3, RELIABLE, 7, PackedByteArray([2])], "next")
	assert_eq(_inbox.waiting, 0, "size")


func test_full_inbox_takes_what_is_reliable_of_another_one() -> void:
	_fill()
	_inbox.pop()
	var other := Inbox.new()
	other.source = 3
	for mode: int in [UNRELIABLE, UNRELIABLE, RELIABLE]:
		other.add(PackedByteArray([mode]), mode << 8)

	_inbox.append(other.data, other.lanes)

	assert_eq(_inbox.drops, {Constants.DROP_BUFFER_FULL: 1}, "refused")
	assert_eq(_inbox.waiting, Inbox.MAX_PACKETS + 1, "size")
	for _index in Inbox.MAX_PACKETS:
		_inbox.pop()
	assert_eq(
		[_inbox.next_peer, _inbox.next_mode, _inbox.pop()[0]], [3, RELIABLE, RELIABLE], "last"
	)


func _fill() -> void:
	for _index in Inbox.MAX_PACKETS:
		_push(2, PackedByteArray([1]), UNRELIABLE, 0)


func _push(source: int, packet: PackedByteArray, mode: int, channel: int) -> void:
	_inbox.source = source
	_inbox.add(packet, mode << 8 | channel)
