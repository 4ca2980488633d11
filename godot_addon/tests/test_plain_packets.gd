extends "res://tests/test_case.gd"
## Small packets of one frame are joined, large ones are not.

const PlainPackets := preload("res://addons/packhorse/core/plain_packets.gd")

const LARGEST := 20  # bytes

var _packets := PlainPackets.new(LARGEST)


func test_one_packet_stays_as_it_is() -> void:
	_packets.put("one".to_ascii_buffer(), 2)

	assert_eq(_sent(), [["6f6e65", 2, true]], "sent")


func test_packets_to_one_peer_are_joined() -> void:
	for text: String in ["a", "bc", "d"]:
		_packets.put(text.to_ascii_buffer(), 2)

	assert_eq(_sent(), [["04000161" + "0400026263" + "04000164", 2, false]], "sent")


func test_packets_to_several_peers_stay_apart() -> void:
	for target: int in [2, -3, 2]:
		_packets.put("a".to_ascii_buffer(), target)

	assert_eq(_sent(), [["61", -3, true], ["04000161" + "04000161", 2, false]], "sent")


func test_two_that_do_not_fit_stay_alone() -> void:
	for text: String in ["0123456789", "abcdefghi"]:
		_packets.put(text.to_ascii_buffer(), 2)

	var sizes := _sent().map(func(sent: Array) -> int: return str(sent[0]).length() >> 1)
	assert_eq(sizes, [10, 9], "bytes")


func test_frames_stay_within_the_limit() -> void:
	for _index in 7:
		_packets.put("0123".to_ascii_buffer(), 2)

	var sizes := _sent().map(func(sent: Array) -> int: return str(sent[0]).length() >> 1)
	assert_eq(sizes, [14, 14, 14, 4], "bytes")


func test_ordered_packets_are_numbered_in_their_lane() -> void:
	var sequences: Dictionary[int, int] = {0x105: 7}
	_packets = PlainPackets.new(2 * LARGEST)
	_packets.sequences_of = func(_to: int) -> Dictionary[int, int]: return sequences
	for lane: int in [0x100, 0x105, 0x100, 0x003]:
		_packets.put("a".to_ascii_buffer(), 2, lane)

	var frames := "240000000161" + "2c050007000161" + "240001000161" + "0c03000161"
	assert_eq(_sent(), [[frames, 2, false]], "sent")
	assert_eq(sequences, {0x105: 8, 0x100: 2} as Dictionary[int, int], "next sequences")


func test_ordered_packet_alone_keeps_its_lane() -> void:
	_packets.put("one".to_ascii_buffer(), 2, 0x105)
	_packets.flush()

	assert_eq(_packets.lanes, PackedInt32Array([0x105]), "lanes")
	assert_eq(_sent(), [["6f6e65", 2, true]], "sent")


func test_packet_like_the_one_before_joins_it_while_there_is_room() -> void:
	_packets.put("a".to_ascii_buffer(), 2)
	assert_true(not _packets.put_again("b".to_ascii_buffer(), 0), "nothing to join yet")
	_packets.put("b".to_ascii_buffer(), 2)
	assert_true(_packets.put_again("c".to_ascii_buffer(), 0), "third")
	assert_true(not _packets.put_again("0123456789".to_ascii_buffer(), 0), "too long")

	assert_eq(_sent(), [["04000161" + "04000162" + "04000163", 2, false]], "sent")


func test_nothing_goes_out_after_clear() -> void:
	for target: int in [2, 2, 3]:
		_packets.put("a".to_ascii_buffer(), target)

	_packets.clear()

	assert_eq(_sent(), [], "sent")


## Returns and forgets what goes out: bytes, destination and whether it is alone.
func _sent() -> Array:
	_packets.flush()
	var sent := []
	for index in _packets.payloads.size():
		var bytes := _packets.payloads[index].hex_encode()
		sent.append([bytes, _packets.destinations[index], _packets.singles[index]])
	_packets.clear_ready()
	return sent
