extends "res://tests/test_case.gd"
## Broadcasts are merged, order is kept.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Fanout := preload("res://addons/packhorse/core/fanout.gd")

var _fanout := Fanout.new()
var _a := PackedByteArray([1])
var _b := PackedByteArray([2])
var _packets: Array[PackedByteArray] = []
var _destinations: PackedInt32Array = []
var _lanes: PackedInt32Array = []


func test_same_bytes_to_all_become_one_broadcast() -> void:
	_put(_a, [2, 3, 4])

	assert_eq(_merged([2, 3, 4] as PackedInt32Array), [[1, 0]], "sent")


func test_same_bytes_to_all_but_one_become_one() -> void:
	_put(_a, [2, 4])

	assert_eq(_merged([2, 3, 4] as PackedInt32Array), [[1, -3]], "sent")


func test_same_bytes_to_some_go_to_each() -> void:
	_put(_a, [2, 3])

	assert_eq(_merged([2, 3, 4, 5] as PackedInt32Array), [[1, 2], [1, 3]], "sent")


func test_other_bytes_are_another_packet() -> void:
	_put(_a, [2])
	_put(_b, [2, 3])

	assert_eq(_merged([2, 3] as PackedInt32Array), [[1, 2], [2, 0]], "sent")


func test_same_bytes_to_the_same_peer_are_two_packets() -> void:
	_put(_a, [2, 2])

	assert_eq(_merged([2, 3] as PackedInt32Array), [[1, 2], [1, 2]], "sent")


func test_broadcasts_of_equal_bytes_stay_apart() -> void:
	_put(_a, [2, 3, 2, 3])

	assert_eq(_merged([2, 3] as PackedInt32Array), [[1, 0], [1, 0]], "sent")


func test_explicit_broadcasts_pass_in_their_place() -> void:
	_put(_a, [2])
	_put(_b, [0, -3, 0])
	_put(_a, [2, 3])

	assert_eq(
		_merged([2, 3] as PackedInt32Array), [[1, 2], [2, 0], [2, -3], [2, 0], [1, 0]], "sent"
	)


func test_peer_that_went_meanwhile_does_not_matter() -> void:
	_put(_a, [2, 3, 4])

	assert_eq(_merged([2, 3] as PackedInt32Array), [[1, 0]], "sent")


func test_same_bytes_of_another_lane_are_another_packet() -> void:
	_put(_a, [2], 1)
	_put(_a, [3], 2)

	assert_eq(_merged([2, 3] as PackedInt32Array), [[1, 2], [1, 3]], "sent")
	assert_eq(_lanes, PackedInt32Array([1, 2]), "lanes")


func test_ordered_broadcasts_are_merged_until_one_goes_to_a_single_peer() -> void:
	var ordered := Constants.Mode.UNRELIABLE_ORDERED << 8

	_put(_a, [2, 3], ordered | 5)
	_put(_a, [2], ordered | 5)
	_put(_a, [2, 3], ordered | 5)
	_put(_a, [2, 3], ordered | 6)

	assert_eq(_merged([2, 3] as PackedInt32Array), [[1, 0], [1, 2], [1, 2], [1, 3], [1, 0]], "sent")


func test_ordered_packet_alone_ends_the_merging_of_its_lane_for_later_frames() -> void:
	var ordered := Constants.Mode.UNRELIABLE_ORDERED << 8
	_put(_a, [2], ordered)
	_merged([2, 3] as PackedInt32Array)

	_packets.clear()
	_destinations.clear()
	_lanes.clear()
	_put(_a, [2, 3], ordered)

	assert_eq(_merged([2, 3] as PackedInt32Array), [[1, 2], [1, 3]], "sent")


func _put(payload: PackedByteArray, targets: Array[int], lane := 0) -> void:
	for target in targets:
		_packets.append(payload)
		_destinations.append(target)
		_lanes.append(lane)


## Returns what is to be sent: first byte and destination of each.
func _merged(others: PackedInt32Array) -> Array:
	_fanout.merge(_packets, _destinations, _lanes, others)
	var sent := []
	for index in _packets.size():
		sent.append([_packets[index][0], _destinations[index]])
	assert_eq(_destinations.size(), _packets.size(), "destinations")
	assert_eq(_lanes.size(), _packets.size(), "lanes")
	return sent
