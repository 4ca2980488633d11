extends "res://tests/test_case.gd"
## What waits for a WebSocket.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const SendQueue := preload("res://addons/packhorse/core/send_queue.gd")

var _queue := SendQueue.new()


func test_control_goes_before_data_and_each_kind_in_order() -> void:
	for number in 2:
		_queue.push(_datagram(Constants.FirstByte.DATA, number))
		_queue.push(_datagram(Constants.FirstByte.SEAL, number))
		_queue.push(_datagram(Constants.FirstByte.FRAME, number))
		_queue.push(_datagram(Constants.FirstByte.CTRL, number))

	var popped: Array[int] = []
	while not _queue.is_empty():
		popped.append(_queue.pop()[1])

	assert_eq(popped, [0, 0, 1, 1, 0, 0, 1, 1] as Array[int], "numbers")


func test_oldest_data_gives_way_to_more_than_the_datagrams_allowed() -> void:
	for number in Constants.WS_QUEUE_DATAGRAMS + 2:
		assert_true(_queue.push(_datagram(Constants.FirstByte.DATA, number)), "taken")

	assert_eq(_queue.dropped, 2, "dropped")
	assert_eq(_queue.pop()[1], 2, "the oldest that is left")


func test_oldest_data_gives_way_to_more_than_the_bytes_allowed() -> void:
	var size := 1200
	var fitting := Constants.WS_QUEUE_BYTES / size
	for number in fitting:
		_queue.push(_datagram(Constants.FirstByte.FRAME, number, size))
	assert_eq(_queue.dropped, 0, "dropped before")

	_queue.push(_datagram(Constants.FirstByte.FRAME, fitting, size))

	assert_eq(_queue.dropped, 1, "dropped")
	assert_eq(_queue.pop()[1], 1, "the oldest that is left")


func test_control_gives_way_to_nothing_and_has_a_limit() -> void:
	for number in Constants.WS_QUEUE_CONTROL:
		assert_true(_queue.push(_datagram(Constants.FirstByte.SEAL, number)), "taken")

	assert_true(not _queue.push(_datagram(Constants.FirstByte.CTRL, 0)), "too much")
	assert_eq(_queue.dropped, 0, "dropped")


func test_long_use_keeps_order_and_counts() -> void:
	var popped: Array[int] = []
	for number in 1000:
		_queue.push(_datagram(Constants.FirstByte.DATA, number))
		if number % 3:
			popped.append(_queue.pop()[1])
	while not _queue.is_empty():
		popped.append(_queue.pop()[1])

	assert_eq(popped.size() + _queue.dropped, 1000, "popped and dropped")
	assert_eq(popped[-1], 999 & 0xFF, "the last")


func test_clearing_forgets_everything() -> void:
	_queue.push(_datagram(Constants.FirstByte.DATA, 1))
	_queue.push(_datagram(Constants.FirstByte.SEAL, 2))

	_queue.clear()

	assert_true(_queue.is_empty(), "empty")


func _datagram(first: int, number: int, size := 10) -> PackedByteArray:
	var datagram := PackedByteArray([first, number & 0xFF])
	datagram.resize(size)
	return datagram
