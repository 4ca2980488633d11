extends "res://tests/test_case.gd"
## Broadcasts are merged, order is kept.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Fanout := preload("res://addons/packhorse/core/fanout.gd")

var _fanout := Fanout.new()
var _a := PackedByteArray([1])
var _b := PackedByteArray([2])


func test_same_bytes_to_all_become_one_broadcast() -> void:
	_put(_a, [2, 3, 4], [2, 3, 4])

	assert_eq(_sent(), [[1, 0]], "sent before the flush")


func test_same_bytes_to_all_but_one_become_one() -> void:
	_put(_a, [2, 4], [2, 3, 4])

	assert_eq(_sent(), [], "sent before the flush")
	_fanout.flush([2, 3, 4])
	assert_eq(_sent(), [[1, -3]], "sent")


func test_same_bytes_to_some_go_to_each() -> void:
	_put(_a, [2, 3], [2, 3, 4, 5])

	_fanout.flush([2, 3, 4, 5])

	assert_eq(_sent(), [[1, 2], [1, 3]], "sent")


func test_other_bytes_send_what_waits() -> void:
	_put(_a, [2], [2, 3])
	_put(_b, [2, 3], [2, 3])

	assert_eq(_sent(), [[1, 2], [2, 0]], "sent")


func test_same_bytes_to_the_same_peer_are_two_packets() -> void:
	_put(_a, [2, 2], [2, 3])
	_fanout.flush([2, 3])

	assert_eq(_sent(), [[1, 2], [1, 2]], "sent")


func test_broadcasts_of_equal_bytes_stay_apart() -> void:
	_put(_a, [2, 3, 2, 3], [2, 3])

	assert_eq(_sent(), [[1, 0], [1, 0]], "sent")


func test_only_other_peer_waits_for_nobody() -> void:
	_put(_a, [2], [2])

	assert_eq(_sent(), [[1, 2]], "sent")


func test_explicit_broadcasts_pass_after_what_waits() -> void:
	_put(_a, [2], [2, 3])
	_put(_b, [0, -3], [2, 3])

	assert_eq(_sent(), [[1, 2], [2, 0], [2, -3]], "sent")


func test_peer_that_came_meanwhile_gets_nothing_of_it() -> void:
	_put(_a, [2, 3], [2, 3, 4])

	_fanout.flush([2, 3, 4, 5])

	assert_eq(_sent(), [[1, 2], [1, 3]], "sent")


func test_peer_that_went_meanwhile_does_not_matter() -> void:
	_put(_a, [2, 3], [2, 3, 4])

	_fanout.flush([2, 3])

	assert_eq(_sent(), [[1, 0]], "sent")


func test_same_bytes_of_another_channel_are_another_packet() -> void:
	_fanout.put(_a, 2, Constants.Mode.UNRELIABLE, 1, [2, 3])
	_fanout.put(_a, 3, Constants.Mode.UNRELIABLE, 2, [2, 3])
	_fanout.flush([2, 3])

	assert_eq(_fanout.channels, [1, 2] as Array[int], "channels")
	assert_eq(_sent(), [[1, 2], [1, 3]], "sent")


func test_ordered_broadcasts_are_merged_until_one_goes_to_a_single_peer() -> void:
	var ordered := Constants.Mode.UNRELIABLE_ORDERED

	for targets: Array in [[2, 3], [2], [2, 3]]:
		for target: int in targets:
			_fanout.put(_a, target, ordered, 5, [2, 3])
		_fanout.flush([2, 3])
	for target: int in [2, 3]:
		_fanout.put(_a, target, ordered, 6, [2, 3])

	assert_eq(_sent(), [[1, 0], [1, 2], [1, 2], [1, 3], [1, 0]], "sent")


func _put(payload: PackedByteArray, targets: Array[int], others: Array[int]) -> void:
	for target in targets:
		_fanout.put(payload, target, Constants.Mode.UNRELIABLE, 0, others)


## Returns and forgets what was sent: first byte and destination of each.
func _sent() -> Array:
	var sent := []
	for index in _fanout.payloads.size():
		sent.append([_fanout.payloads[index][0], _fanout.destinations[index]])
	_fanout.clear_ready()
	return sent
