extends "res://tests/support/session_case.gd"
## Data, the path, and datagrams that a session must not act upon.


func test_path_challenge_is_answered_at_once() -> void:
	join()

	var challenge := "8 bytes!".to_ascii_buffer()
	deliver(relay.seal(Constants.MessageType.PATH_CHALLENGE, {&"challenge": challenge}))
	var answers := sealed(session.datagrams_to_send(), Constants.MessageType.PATH_RESPONSE)

	assert_eq(answers.size(), 1, "answers")
	assert_eq(answers[0].bytes(&"challenge"), challenge, "challenge")


func test_session_tells_that_the_relay_drops_its_data() -> void:
	join()

	var limits: Dictionary[StringName, Variant] = {
		&"bytes_per_second": 1048576, &"datagrams_per_second": 2000, &"dropped": 7
	}
	deliver(relay.seal(Constants.MessageType.LIMITED, limits))
	var events := take_events()

	assert_eq(events[-1].type, Event.Type.LIMITED, "event")
	assert_eq(events[-1].limits, [1048576, 2000, 7] as Array[int], "limits")


func test_replayed_seal_is_dropped() -> void:
	join()
	var pong := relay.pong(1)

	deliver(pong)
	deliver(pong)

	assert_drops({Constants.DROP_REPLAYED: 1})


func test_forged_seal_is_dropped_and_changes_nothing() -> void:
	join()
	var closed := relay.seal(Constants.MessageType.CLOSED, {&"code": 402})
	closed[-1] ^= 1

	deliver(closed)

	assert_drops({Constants.DROP_BAD_MAC: 1})
	assert_eq(session.state(), Constants.MemberState.JOINED, "state")


func test_wrong_tag_and_malformed_frame_are_dropped() -> void:
	join()
	var data := FakeRelay.data(1, "x".to_ascii_buffer(), FakeRelay.TAG + 1)
	var frame := FakeRelay.data(1, "x".to_ascii_buffer())
	frame[0] = Constants.FirstByte.FRAME

	deliver(data)
	deliver(frame)

	assert_drops({Constants.DROP_WRONG_TAG: 1, Constants.DROP_BAD_FRAME: 1})


func test_seal_without_a_body_is_too_short_whatever_its_tag() -> void:
	join()
	var pong := relay.pong(1).slice(0, Constants.HEADER_SIZE + Constants.MAC_SIZE)
	pong[1] = FakeRelay.TAG + 1

	deliver(pong)

	assert_drops({Constants.DROP_TOO_SHORT: 1})


func test_data_of_oneself_is_dropped() -> void:
	join()

	deliver(FakeRelay.data(2, "x".to_ascii_buffer()))

	assert_drops({Constants.DROP_UNKNOWN_PEER: 1})


func test_nothing_is_acted_upon_after_the_end() -> void:
	join()
	deliver(relay.seal(Constants.MessageType.CLOSED, {&"code": 402}))
	take_events()

	deliver(FakeRelay.data(1, "x".to_ascii_buffer()))
	deliver(relay.pong(1))
	now += 100.0

	assert_drops({Constants.DROP_UNEXPECTED_MESSAGE: 2})
	assert_eq(take_event_names(), [] as Array[String], "events")
	assert_eq(send().size(), 0, "datagrams sent")


func test_data_arrives_with_its_source() -> void:
	join()
	var data := FakeRelay.data(1, "hello".to_ascii_buffer())
	data[2] |= 0x80  # a copy of a fan-out

	deliver(data)

	var events := take_events()
	assert_eq(events[0].peer, 1, "source")
	assert_eq(events[0].data.get_string_from_ascii(), "hello", "payload")


func test_data_datagram_carries_destination_and_tag() -> void:
	join()

	var datagram := session.mail().plain_datagram("x".to_ascii_buffer(), -1)

	assert_eq(datagram.hex_encode(), "a45cffffffff78", "bytes")


func test_data_that_cannot_be_sent_is_refused() -> void:
	join()
	var large := PackedByteArray()
	large.resize(session.mail().largest_plain + 1)

	assert_eq(session.mail().plain_datagram(PackedByteArray(), 1).size(), 0, "empty")
	assert_eq(session.mail().plain_datagram(large, 1).size(), 0, "too large")
	assert_eq(session.mail().plain_datagram(large.slice(1), 1).size(), 1200, "just large enough")
	assert_eq(session.mail().plain_datagram(PackedByteArray([1]), 2).size(), 0, "to itself")
	assert_eq(session.mail().plain_datagram(PackedByteArray([1]), 1 << 31).size(), 0, "no peer id")


func test_many_destinations_stay_bounded() -> void:
	join()

	for destination in range(3, 1000):
		var datagram := session.mail().plain_datagram(PackedByteArray([1]), -destination)
		assert_eq(datagram[5], -destination & 0xFF, "destination")


func test_session_survives_random_datagrams() -> void:
	join()
	var random := RandomNumberGenerator.new()
	random.seed = 7
	for _index in 2000:
		var bytes := PackedByteArray()
		for _byte in random.randi_range(0, 40):
			bytes.append(random.randi_range(0, 255))
		if bytes.size() > 6:
			bytes[0] = random.randi_range(0xA3, 0xA8)
			bytes[1] = FakeRelay.TAG if random.randi_range(0, 1) else 0
		deliver(bytes)

	assert_eq(session.state(), Constants.MemberState.JOINED, "state")
	for reason in session.drops:
		assert_true(not reason.is_empty(), "reason")
