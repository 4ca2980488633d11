extends "res://tests/test_case.gd"
## Messages that travel together, and what becomes of them when less fits.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Frames := preload("res://addons/packhorse/wire/frames.gd")
const Packing := preload("res://addons/packhorse/core/delivery/packing.gd")
const Run := preload("res://addons/packhorse/core/delivery/run.gd")
const SendLane := preload("res://addons/packhorse/core/delivery/send_lane.gd")

const RELIABLE := 2
const LARGEST := 100  # bytes
const PLENTY := 1 << 30  # bytes of credit

var _lane := SendLane.new(RELIABLE, 7, LARGEST)


func test_run_has_what_fits_frame_behind_frame() -> void:
	_push([10, 20, 30])

	var piece := _lane.take_run(4 + 10 + 2 + 4 + 20, PLENTY)

	assert_eq(piece.count, 2, "messages")
	assert_eq(piece.size, 4 + 10 + 2 + 4 + 20, "size")
	var buffer := PackedByteArray()
	piece.append_to(buffer, true)
	var frames := "4c070000" + "000a" + "00".repeat(10) + "48070001" + "01".repeat(20)
	assert_eq(buffer.hex_encode(), frames, "last frames of a datagram")


func test_run_ends_where_no_further_frame_would_be_looked_for() -> void:
	_push([10, 1])

	var piece := _lane.take_run(4 + 10 + Packing.SMALLEST_ROOM - 1, PLENTY)

	assert_eq(piece.count, 1, "messages")


func test_run_keeps_to_the_credit() -> void:
	_push([10, 10])

	assert_eq(_lane.take_run(1000, 2 * 512 + 19).count, 1, "messages")


func test_run_that_does_not_fit_again_is_cut() -> void:
	_push([10, 20, 30])
	var run: Run = _lane.take_run(1000, PLENTY)

	assert_eq(run.count_fitting(4 + 10 + 2 + 4 + 19), 1, "fitting")
	run.cut(1)
	var sizes := run.halves.map(func(half: Run) -> int: return half.size)
	var sequences := run.halves.map(func(half: Run) -> int: return half.sequence)

	assert_eq(sizes, [4 + 10, 4 + 20 + 2 + 4 + 30], "sizes")
	assert_eq(sequences, [0, 1], "sequences")


func test_written_run_ends_a_datagram_and_can_be_made_again() -> void:
	_push([10, 20, 30])
	var buffer := PackedByteArray()

	assert_eq(_lane.write(buffer, 4 + 10 + 2 + 4 + 20, PLENTY), 2, "messages")

	var frames := "4c070000" + "000a" + "00".repeat(10) + "48070001" + "01".repeat(20)
	assert_eq(buffer.hex_encode(), frames, "last frames of a datagram")
	assert_eq(_lane.taken_bytes, 30, "bytes of payload")
	assert_eq(_lane.make_run(1, 1).size, 4 + 20, "size of the second alone")
	assert_eq(_lane.next_sequence, 2, "next message")


func test_message_that_found_no_room_needs_no_credit_any_more() -> void:
	_push([10])
	assert_eq(_lane.write(PackedByteArray(), 13, PLENTY), 0, "messages without room")

	assert_eq(_lane.write(PackedByteArray(), 14, 0), 1, "messages without credit")


func test_lane_keeps_to_its_window_and_goes_on_behind_what_has_arrived() -> void:
	for _index in Constants.LANE_WINDOW + 2:
		_lane.push(PackedByteArray([1]))
	var taken := 0
	while taken < Constants.LANE_WINDOW:
		taken += _lane.write(PackedByteArray(), 1000, PLENTY)

	assert_eq(taken, Constants.LANE_WINDOW, "messages under way")
	assert_eq(_lane.write(PackedByteArray(), 1000, PLENTY), 0, "messages beyond the window")
	_lane.acknowledge(1, 1)
	assert_eq(_lane.write(PackedByteArray(), 1000, PLENTY), 0, "while the oldest is open")
	_lane.acknowledge(0, 1)

	assert_eq(_lane.write(PackedByteArray(), 1000, PLENTY), 2, "messages then")


func test_large_message_is_not_whole() -> void:
	_push([10, LARGEST + 1])
	assert_true(not _lane.is_all_whole(), "it waits")

	_lane.take_run(1000, PLENTY)
	_lane.take(1000)
	assert_true(not _lane.is_all_whole(), "one piece waits")
	_lane.take(1000)

	assert_true(_lane.is_all_whole(), "nothing waits")


func test_lane_is_idle_once_both_halves_have_arrived() -> void:
	_push([10, 20, 30])
	_lane.take_run(1000, PLENTY)

	_lane.acknowledge(1, 2)
	assert_true(not _lane.is_idle(), "one is missing")
	_lane.acknowledge(0, 1)

	assert_true(_lane.is_idle(), "all are there")


func _push(sizes: Array[int]) -> void:
	for index in sizes.size():
		var message := PackedByteArray()
		message.resize(sizes[index])
		message.fill(index)
		_lane.push(message)
