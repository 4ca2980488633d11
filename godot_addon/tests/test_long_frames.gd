extends "res://tests/support/thread_case.gd"
## What the network thread sends and receives while a frame lasts, or a level loads.

const _SHORT := 6  # milliseconds; a turn of the thread, which does not end the frame yet
const _ACK_OF_FIRST := "01000000000000"  # payload of FRAME

var _seen: Array[int] = []  # datagrams that had left after a handler
var _stages: Array[PackhorseMultiplayerPeer.Stage] = []


func test_reliable_packet_leaves_while_its_frame_lasts() -> void:
	await _join_shared()

	_put("go", 1, RELIABLE)
	_block()

	assert_true(not _relay.data.is_empty(), "datagrams")


func test_ordered_broadcast_that_a_turn_falls_into_is_uploaded_once() -> void:
	_relay.members = [1, 2, 3, 4]
	await _join_shared()

	for round_number in 2:
		_put("one", 0, UNRELIABLE)
		for target: int in [1, 3, 4]:
			_put("pos", target, ORDERED)
			_block()
		await _until(func() -> bool: return not _relay.data.is_empty())

		assert_eq(_relay.data.map(Header.destination_of), [0], "targets")
		_relay.data.clear()


func test_unreliable_packet_waits_for_the_end_of_its_frame() -> void:
	await _join_shared()

	_put("pos", 1, UNRELIABLE)
	_block()
	assert_eq(_relay.data.size(), 0, "datagrams in the frame")
	await _until(func() -> bool: return not _relay.data.is_empty())


func test_packet_after_the_end_of_a_step_waits_for_the_end_of_the_next() -> void:
	await _join_shared()
	_peer._lock.lock()  # so that the thread gets no turn

	_put("one", 1, UNRELIABLE)
	await tree.process_frame
	assert_true(_peer._outgoing.is_frame_over, "the first step is over")
	_put("two", 1, UNRELIABLE)
	assert_true(not _peer._outgoing.is_frame_over, "the next goes on")
	await tree.process_frame
	assert_true(_peer._outgoing.is_frame_over, "it is over, too")

	_peer._lock.unlock()


func test_game_that_stands_still_for_a_minute_gets_no_turns() -> void:
	await _join_shared()
	var standstill := 60.5  # seconds

	_peer._turn.polled_at -= standstill
	_put("one", 1, RELIABLE)
	_block()
	assert_eq(_relay.data.size(), 0, "datagrams of a game that hangs")
	_peer.poll()
	_put("two", 1, RELIABLE)
	_block()

	assert_true("two" in _texts(_relay.data, 3), "it goes on")


func test_game_that_never_polls_counts_as_one_that_stands_still() -> void:
	_start(_peer, _relay.address())

	assert_true(_peer._turn.polled_at < INF, "the minute has begun")


func test_reliable_packets_of_a_long_frame_leave_after_what_left_before() -> void:
	await _join_shared()

	_put("one", 1, RELIABLE)
	OS.delay_msec(_SHORT)
	_relay.poll()
	_relay.send(_frame(1, _ACK_OF_FIRST))
	OS.delay_msec(_SHORT)
	_relay.data.clear()
	_put("two", 1, RELIABLE)
	_block()

	assert_true("two" in _texts(_relay.data, 3), "the second packet was sent")


func test_reliable_packet_is_acknowledged_while_a_frame_lasts() -> void:
	await _join_shared()

	_relay.send(_frame(1, "02000048" + "07" + "0000" + "6869"))
	_block()

	assert_eq(_relay.data.size(), 1, "datagrams")
	assert_eq(_peer.get_available_packet_count(), 0, "packets of this frame")
	assert_eq(_peer.get_statistics()[&"packets_waiting"], 1.0, "packets that wait")
	_peer.poll()
	assert_eq(_peer.get_packet(), "hi".to_ascii_buffer(), "packet")
	assert_eq(_peer.get_statistics()[&"packets_waiting"], 0.0, "packets that wait then")


func test_handler_that_takes_its_time_holds_nothing_up() -> void:
	_peer.peer_connected.connect(_block_after_sending)

	await _join_shared()

	assert_eq(_seen.size(), 1, "calls of the handler")
	assert_true(_seen[0] > 0, "datagrams while the handler ran")


func test_room_that_was_joined_while_a_game_loads_is_not_given_up() -> void:
	_start(_peer, _relay.address())

	_block_until(Stages.Stage.CONNECTED)
	_let_connecting_take_too_long()
	_block()
	_peer.poll()

	assert_eq(_told, ["+1"] as Array[String], "told")
	assert_eq(_peer.get_connection_status(), CONNECTED, "status")


func test_host_that_decides_has_time_while_the_other_game_loads() -> void:
	_relay.is_pending = true
	_start(_peer, _relay.address())

	_block_until(Stages.Stage.WAITING)
	_let_connecting_take_too_long()
	_block()
	_peer.poll()
	assert_eq(_told, [] as Array[String], "told before the host has decided")
	_relay.is_pending = false

	await _until(func() -> bool: return _peer.get_connection_status() == CONNECTED)


func test_refusal_is_told_after_a_load_that_took_longer_than_connecting_may() -> void:
	_relay.refusal = Constants.ErrorCode.JOIN_DENIED
	_start(_peer, _relay.address())

	_block_until(Stages.Stage.JOINING)
	_block()
	_let_connecting_take_too_long()
	_peer.poll()

	assert_eq(_told, ["JOIN_DENIED"] as Array[String], "told")


func test_room_that_was_created_while_a_game_loads_is_set_up_afterwards() -> void:
	_relay.grant_changes = {&"peer": 1, &"rev": 1}
	_relay.members = [1]
	var options := PackhorseRoomOptions.new()
	options.approve = true
	ProjectSettings.set_setting(Settings.NETWORK_THREAD, true)
	_peer.create_room(_relay.address(), options)
	ProjectSettings.set_setting(Settings.NETWORK_THREAD, false)

	_block_until(Stages.Stage.CONNECTED)
	_let_connecting_take_too_long()
	_block()
	var set_room := Constants.MessageType.SET_ROOM
	await _until(func() -> bool: return not _relay.of_type(set_room).is_empty())
	var request := _relay.of_type(set_room)[0].number(&"seq")
	_relay.send(_relay.relay.seal(Constants.MessageType.ACK, {&"request": request, &"code": 0}))
	await _until(func() -> bool: return not _told.is_empty())

	assert_eq(_told, ["K7QM-2XPA"] as Array[String], "told")


func test_room_that_ends_while_a_game_hears_of_it_is_left_in_the_next_poll() -> void:
	_peer.peer_connected.connect(_end_room)

	await _join_shared()

	assert_eq(_told, ["+1"] as Array[String], "told in the poll that entered it")
	_peer.poll()
	assert_eq(_told, ["+1", "-1", "ROOM_CLOSED"] as Array[String], "told in the next")
	assert_eq(_peer.get_connection_status(), DISCONNECTED, "status")


func test_room_that_ended_while_a_game_loads_was_never_entered() -> void:
	_peer.stage_changed.connect(_on_peer_stage_changed)
	_start(_peer, _relay.address())

	_block_until(Stages.Stage.CONNECTED)
	_relay.send(_relay.relay.seal(Constants.MessageType.CLOSED, {&"code": 400}))
	_block()
	_peer.poll()

	assert_eq(_told, ["ROOM_CLOSED"] as Array[String], "told")
	assert_eq(_peer.get_connection_status(), DISCONNECTED, "status")
	assert_true(not PackhorseMultiplayerPeer.Stage.CONNECTED in _stages, "it never was connected")


func _block_after_sending(_id: int) -> void:
	_put("go", 1, RELIABLE)
	_block()
	_seen.append(_relay.data.size())


func _end_room(_id: int) -> void:
	_relay.send(_relay.relay.seal(Constants.MessageType.CLOSED, {&"code": 400}))
	_block()


func _on_peer_stage_changed(stage: PackhorseMultiplayerPeer.Stage) -> void:
	_stages.append(stage)


## Returns the last bytes of each datagram as text.
static func _texts(datagrams: Array[PackedByteArray], size: int) -> Array[String]:
	var texts: Array[String] = []
	for datagram in datagrams:
		texts.append(datagram.slice(-size).get_string_from_ascii())
	return texts
