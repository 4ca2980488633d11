extends "res://tests/support/peer_case.gd"
## How the peer sends and takes in what is not a plain datagram.

const EngineErrors := preload("res://tests/support/engine_errors.gd")
const REPLACED := Constants.ErrorCode.REPLACED


func test_reliable_packet_is_repeated_until_it_is_acknowledged() -> void:
	await _join()

	_put("hi", 1, RELIABLE)
	await _until(func() -> bool: return _relay.data.size() >= 3)
	assert_eq(_relay.data[0].hex_encode(), "a75c0000000102000040000" + "06869", "first")
	assert_eq(_relay.data[2].slice(9), _relay.data[0].slice(9), "repeated frame")
	_relay.send(_frame(1, "0100000002000103"))
	for _frame_number in 5:
		await tree.process_frame
	_peer.poll()
	_relay.poll()
	_relay.data.clear()
	await tree.create_timer(1.5).timeout
	_peer.poll()
	_relay.poll()

	assert_eq(_relay.data.size(), 0, "datagrams after the acknowledgement")


## ROOM-5: while packets of the process before wait, the game has not heard of the restart.
func test_packet_for_a_peer_that_was_restarted_does_not_reach_its_new_process() -> void:
	_relay.members = [1, 2, 3]
	await _join()
	var left := PackedInt64Array([3, Constants.RoomEventKind.PEER_LEFT, 3, REPLACED])
	var joined := PackedInt64Array([4, Constants.RoomEventKind.PEER_JOINED, 3, 0])
	_told.clear()

	_relay.send(_relay.relay.data(3, "old".to_ascii_buffer()))
	_relay.send(_relay.relay.events([left, joined]))
	await _until(func() -> bool: return _peer._client.session.upcoming != null)
	assert_eq(_peer.get_available_packet_count(), 1, "packets")
	assert_eq(_told, [] as Array[String], "told while a packet waits")
	for mode: MultiplayerPeer.TransferMode in [RELIABLE, UNRELIABLE, ORDERED]:
		_put("for the process before", 3, mode)
	_peer.get_packet()
	await _until(func() -> bool: return _told.size() > 1)
	_put("hi", 3, RELIABLE)
	await _until(func() -> bool: return not _relay.data.is_empty())

	assert_eq(_told, ["-3", "+3"] as Array[String], "told")
	var sent := _relay.data.map(func(data: PackedByteArray) -> String: return data.hex_encode())
	assert_eq(sent, ["a75c00000003" + "0200004000006869"], "datagrams")


func test_packets_of_one_frame_share_a_datagram() -> void:
	await _join()

	_put("one", 1, RELIABLE)
	_put("two", 1, RELIABLE)
	_put("pos", 1, ORDERED, 7)
	await _until(func() -> bool: return not _relay.data.is_empty())

	var frames := "2c070000" + "0003706f73" + "440000" + "00036f6e65" + "400001" + "74776f"
	assert_eq(_relay.data[0].hex_encode(), "a75c00000001" + "020000" + frames, "datagram")


func test_unreliable_packets_of_one_frame_share_a_datagram() -> void:
	_relay.members = [1, 2, 3]
	await _join()

	for text: String in ["one", "two"]:
		_put(text, 3, UNRELIABLE)
	for text: String in ["one", "two"]:
		_put(text, 0, UNRELIABLE)
	await _until(func() -> bool: return _relay.data.size() >= 2)

	var sent := _relay.data.map(func(data: PackedByteArray) -> String: return data.hex_encode())
	var frames := "0400036f6e65" + "04000374776f"
	var expected := ["a75c00000000" + "000000" + frames, "a75c00000003" + "000000" + frames]
	assert_eq(sent, expected, "datagrams")


func test_ordered_packets_of_one_frame_share_a_datagram() -> void:
	await _join()

	for text: String in ["one", "two"]:
		_put(text, 1, ORDERED, 7)
	await _until(func() -> bool: return not _relay.data.is_empty())

	var frames := "2c070000" + "00036f6e65" + "2c070001" + "000374776f"
	assert_eq(_relay.data[0].hex_encode(), "a75c00000001" + "000000" + frames, "datagram")


func test_packets_of_several_lanes_keep_the_order_in_each() -> void:
	await _join()

	_put("one", 1, RELIABLE)
	_put("u", 1, UNRELIABLE)
	_put("v", 1, UNRELIABLE)
	_put("two", 1, RELIABLE)
	_put("seven", 1, RELIABLE, 7)
	_put("three", 1, RELIABLE)
	await _until(func() -> bool: return not _relay.data.is_empty())

	var unreliable := "04000175" + "04000176"
	var reliable := "440000" + "00036f6e65" + "4c070000" + "0005736576656e"
	reliable += "440001" + "000374776f" + "400002" + "7468726565"
	var sent := _relay.data[0].hex_encode()
	assert_eq(sent, "a75c00000001" + "020000" + unreliable + reliable, "datagram")


func test_large_ordered_packet_does_not_overtake_a_small_one() -> void:
	await _join()

	_put("one", 1, ORDERED)
	_put("x".repeat(2000), 1, ORDERED)
	await _until(func() -> bool: return not _relay.data.is_empty())

	var first := _relay.data[0].slice(Constants.HEADER_SIZE + 3)
	assert_eq(first.slice(0, 8).hex_encode(), "240000" + "0003" + "6f6e65", "first in its lane")
	assert_eq(first.slice(8, 11).hex_encode(), "300001", "second in its lane")


func test_ordered_broadcast_becomes_one_fan_out_frame() -> void:
	_relay.members = [1, 2, 3, 4]
	await _join()

	for target: int in [1, 3, 4]:
		_put("pos", target, ORDERED)
	for target: int in [1, 4]:
		_put("pos", target, ORDERED)
	await _until(func() -> bool: return _relay.data.size() >= 2)

	var sent := _relay.data.map(func(data: PackedByteArray) -> String: return data.hex_encode())
	var expected := ["a75c00000000000000200000706f73", "a75cfffffffd000001200001706f73"]
	assert_eq(sent, expected, "sent")


func test_reliable_broadcast_goes_to_each_peer() -> void:
	_relay.members = [1, 2, 3]
	await _join()

	_put("hi", 0, RELIABLE)
	await _until(func() -> bool: return _relay.data.size() >= 2)

	var targets := _relay.data.slice(0, 2).map(func(data: PackedByteArray) -> int: return data[5])
	assert_eq(targets, [1, 3], "targets")


func test_received_packets_tell_their_mode_and_channel() -> void:
	await _join()

	_relay.send(_frame(1, "02000048" + "07" + "0000" + "6869"))
	_relay.send(_frame(1, "02000160" + "0000" + "6869"))
	_relay.send(_frame(1, "000002" + "20" + "0000" + "706f73"))
	_relay.send(FakeRelay.data(1, PackedByteArray([9])))
	await _until(func() -> bool: return _peer.get_available_packet_count() == 4)

	var seen := []
	while _peer.get_available_packet_count() > 0:
		var mode := _peer.get_packet_mode()
		seen.append([mode, _peer.get_packet_channel(), _peer.get_packet().size()])
	var expected := [[RELIABLE, 7, 2], [RELIABLE, 0, 2], [ORDERED, 0, 3], [UNRELIABLE, 0, 1]]
	assert_eq(seen, expected, "packets")


func test_empty_message_of_a_peer_holds_nothing_up() -> void:
	await _join()

	_relay.send(_frame(1, "020000" + "40" + "0000"))
	_relay.send(_frame(1, "020001" + "40" + "0001" + "6869"))
	await _until(func() -> bool: return _peer.get_available_packet_count() > 0)

	assert_eq(_peer.get_packet(), "hi".to_ascii_buffer(), "packet")
	assert_eq(_peer.get_statistics()[&"drop_empty_payload"], 1.0, "counted")


func test_message_from_before_the_news_of_its_peer_comes_after_it() -> void:
	await _join()
	_told.clear()

	_relay.send(_frame(3, "020000" + "40" + "0000" + "6869"))
	_relay.send(_relay.relay.roster(9, [1, 2, 3]))
	await _until(func() -> bool: return _peer.get_available_packet_count() > 0)

	assert_eq(_told, ["+3"] as Array[String], "told")
	assert_eq(_peer.get_packet_peer(), 3, "source")


func test_frames_of_a_peer_that_floods_an_unread_game_are_refused() -> void:
	await _join()

	for number in 4200:
		var head := PackedByteArray(
			[2, number >> 8, number & 0xFF, 0x60, number >> 8, number & 0xFF]
		)
		_relay.send(_frame(1, head.hex_encode() + "61"))
		if number % 100 == 0:
			await tree.process_frame
			_peer.poll()
	await _until(func() -> bool: return _peer.get_statistics().has(&"drop_buffer_full"))

	assert_eq(_peer.get_available_packet_count(), 4096, "packets that wait")


func test_full_send_buffer_refuses_reliable_packets_and_says_so() -> void:
	await _join()
	var megabyte := PackedByteArray()
	megabyte.resize(1 << 20)

	var results: Array[Error] = []
	for _index in 9:
		_peer.transfer_mode = RELIABLE
		_peer.set_target_peer(1)
		results.append(_peer.put_packet(megabyte))

	assert_eq(results.slice(0, 8).max(), OK, "accepted")
	assert_eq(results[8], ERR_OUT_OF_MEMORY, "refused")
	assert_eq(_peer.get_statistics()[&"packets_refused"], 1.0, "counted")
	assert_eq(_peer.get_statistics()[&"queued_bytes"], 8.0 * (1 << 20), "queued")


func test_channel_out_of_range_is_refused_and_that_is_said_once() -> void:
	await _join()
	var logger := EngineErrors.start()

	assert_eq(_put("hi", 1, RELIABLE, 256), ERR_INVALID_PARAMETER, "256")
	assert_eq(_put("hi", 1, UNRELIABLE, -1), ERR_INVALID_PARAMETER, "-1")

	var logged := EngineErrors.stop(logger)
	if logger != null:
		assert_eq(logged.size(), 1, "errors")
		assert_true("2 bytes on channel 256" in logged[0] and "0 to 255" in logged[0], logged[0])


func test_round_trip_time_of_a_peer_is_measured_by_ping() -> void:
	await _join()

	assert_eq(_peer.get_peer_rtt(1), -1.0, "before")
	await _until(func() -> bool: return not _relay.data.is_empty())
	assert_eq(_relay.data[0].hex_encode(), "a75c00000001" + "020000" + "80", "PING")
	_relay.send(_frame(1, "01000000000000"))
	await _until(func() -> bool: return _peer.get_peer_rtt(1) >= 0.0)

	var statistics := _peer.get_peer_statistics(1)
	assert_true(statistics[&"rtt"] < 1.0, "round-trip time")
	assert_eq(statistics[&"loss"], 0.0, "loss")


func test_last_reliable_packet_before_close_is_sent() -> void:
	await _join()

	_put("bye", 1, RELIABLE)
	_peer.close()
	await _until(func() -> bool: return not _relay.data.is_empty())

	assert_eq(_relay.data[0].slice(-3), "bye".to_ascii_buffer(), "last words")


func _put(text: String, target: int, mode: MultiplayerPeer.TransferMode, channel := 0) -> Error:
	_peer.transfer_mode = mode
	_peer.transfer_channel = channel
	_peer.set_target_peer(target)
	return _peer.put_packet(text.to_ascii_buffer())
