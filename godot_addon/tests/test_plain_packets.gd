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
