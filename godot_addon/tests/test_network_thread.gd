extends "res://tests/support/thread_case.gd"
## Rooms that the network thread moves: what the game is told, and when they begin and end.

const NetworkThread := preload("res://addons/packhorse/net/network_thread.gd")

var _threads: Array[int] = []  # that signals came from
var _seen: Array[int] = []  # packets that waited when a signal came


func test_nothing_is_told_outside_poll_nor_in_another_thread() -> void:
	_peer.peer_connected.connect(_note_thread.unbind(1))
	_peer.stage_changed.connect(_note_thread.unbind(1))
	await _join_shared()
	_told.clear()

	_relay.send(_relay.relay.roster(9, [1, 2, 3]))
	_block()
	await tree.process_frame
	assert_eq(_told, [] as Array[String], "told without poll")
	_peer.poll()

	assert_eq(_told, ["+3"] as Array[String], "told")
	assert_eq(_threads.count(OS.get_main_thread_id()), _threads.size(), "threads")


func test_packet_of_a_new_peer_comes_after_its_news() -> void:
	await _join_shared()
	_told.clear()
	_peer.peer_connected.connect(_note_waiting.unbind(1))

	_relay.send(_relay.relay.roster(9, [1, 2, 3]))
	_relay.send(FakeRelay.data(3, PackedByteArray([7])))
	_block()
	_peer.poll()

	assert_eq(_told, ["+3"] as Array[String], "told")
	assert_eq(_seen, [0] as Array[int], "packets before the news")
	assert_eq(_peer.get_packet_peer(), 3, "source")


func test_packets_between_frames_are_read_before_their_peer_goes() -> void:
	await _join_shared()
	_told.clear()

	_relay.send(FakeRelay.data(1, PackedByteArray([7])))
	_relay.send(_relay.relay.seal(Constants.MessageType.CLOSED, {&"code": 400}))
	_block()
	_peer.poll()
	assert_eq(_told, [] as Array[String], "told while a packet waits")
	assert_eq(_peer.get_packet(), PackedByteArray([7]), "packet")
	_peer.poll()

	assert_eq(_told, ["-1", "ROOM_CLOSED"] as Array[String], "told")
	assert_eq(_peer.get_connection_status(), DISCONNECTED, "status")


func test_packets_that_come_while_a_game_polls_are_read_before_their_peer_goes() -> void:
	await _join_shared()
	_told.clear()

	_peer._move()
	_relay.send(FakeRelay.data(1, PackedByteArray([7])))
	_relay.send(_relay.relay.seal(Constants.MessageType.CLOSED, {&"code": 400}))
	_block()
	_peer._take_news()

	assert_eq(_told, [] as Array[String], "told while a packet waits")
	assert_eq(_peer.get_packet(), PackedByteArray([7]), "packet")


func test_peer_that_left_between_frames_has_no_numbers() -> void:
	_relay.members = [1, 2, 3]
	await _join_shared()
	assert_true(_peer.get_peer_statistics(3).has(&"rtt"), "numbers before")
	var left := PackedInt64Array([3, Constants.RoomEventKind.PEER_LEFT, 3, 0])

	_relay.send(_relay.relay.events([left]))
	_block()

	assert_eq(_peer.get_peer_ids(), [1, 3] as Array[int], "peers, before the game was told")
	assert_true(not _peer.get_peer_statistics(3).has(&"rtt"), "numbers")


func test_hidden_peer_is_heard_no_more_whenever_its_packets_came() -> void:
	_relay.members = [1, 2, 3]
	await _join_shared()
	_relay.send(_frame(3, "020000" + "40" + "0000" + "6869"))
	await _until(func() -> bool: return _peer.get_available_packet_count() > 0)

	_relay.send(_frame(3, "020001" + "40" + "0001" + "6869"))
	_relay.send(FakeRelay.data(1, PackedByteArray([8])))
	_block()
	_peer.disconnect_peer(3, true)
	_relay.send(_frame(3, "020002" + "40" + "0002" + "6869"))
	_block()
	_peer.poll()

	assert_eq(_peer.get_available_packet_count(), 1, "packets")
	assert_eq(_peer.get_packet(), PackedByteArray([8]), "packet")
	assert_eq(_peer._client.session.mail()._unread, 0, "reliable ones that nobody has taken")


func test_packets_that_a_game_does_not_read_are_bounded() -> void:
	await _join_shared()

	for number in 5000:
		_relay.send(FakeRelay.data(1, PackedByteArray([number & 0xFF])))
		if number % 100 == 0:
			OS.delay_msec(5)
			_peer.poll()
	_block()
	_peer.poll()

	assert_eq(_peer.get_available_packet_count(), 4096, "packets")
	assert_eq(_peer.get_statistics()[&"drop_buffer_full"], 904.0, "dropped")


func test_peer_is_closed_and_used_again_while_packets_come_and_go() -> void:
	for round_number in 5:
		await _join_shared()
		for number in 50:
			_relay.send(FakeRelay.data(1, PackedByteArray([number])))
			_put("pos", 1, RELIABLE)
			OS.delay_usec(500)
		_peer.close()
		assert_eq(_peer.get_connection_status(), DISCONNECTED, "status")
		assert_eq(_peer.get_available_packet_count(), 0, "packets")
		assert_eq(NetworkThread._turns.size(), 0, "rooms of the thread")
		_relay = UdpRelay.new()


func test_leave_is_repeated_after_close() -> void:
	await _join_shared()

	_peer.close()
	await _until(func() -> bool: return _leaves().size() >= 3)

	assert_eq(_leaves().min(), _leaves().max(), "the same request each time")


func test_peer_can_be_closed_in_a_handler() -> void:
	_relay.members = [1, 2, 3]
	_closes_at_peer = true

	_start(_peer, _relay.address())
	await _until(func() -> bool: return not _told.is_empty())

	assert_eq(_told, ["+1"] as Array[String], "told")
	assert_eq(_peer.get_connection_status(), DISCONNECTED, "status")
	assert_eq(NetworkThread._turns.size(), 0, "rooms of the thread")


func test_peer_can_be_dropped_in_a_handler() -> void:
	_peer.peer_connected.connect(_drop_peer.unbind(1))

	_start(_peer, _relay.address())
	await _until(func() -> bool: return not _leaves().is_empty())

	assert_eq(_told, ["+1"] as Array[String], "told")
	assert_eq(NetworkThread._turns.size(), 0, "rooms of the thread")


func test_dropped_peer_leaves_too() -> void:
	await _join_shared()

	_peer = null
	assert_eq(NetworkThread._turns.size(), 0, "rooms of the thread")
	await _until(func() -> bool: return not _leaves().is_empty())

	assert_eq(_leaves().size(), 1, "requests")


func test_peers_of_one_program_share_a_thread() -> void:
	var other := PackhorseMultiplayerPeer.new()
	var other_relay := UdpRelay.new()
	await _join_shared()
	_start(other, other_relay.address())
	while other.get_connection_status() != CONNECTED:
		other_relay.poll()
		other.poll()
		await tree.process_frame

	assert_eq(NetworkThread._turns.size(), 2, "rooms of the thread")
	for peer: PackhorseMultiplayerPeer in [_peer, other]:
		peer.transfer_mode = MultiplayerPeer.TRANSFER_MODE_RELIABLE
		peer.put_packet(PackedByteArray([1]))
	_block()
	other_relay.poll()
	assert_true(not _relay.data.is_empty(), "datagrams of the one")
	assert_true(not other_relay.data.is_empty(), "datagrams of the other")
	other.close()
	assert_eq(NetworkThread._turns.size(), 1, "rooms of the thread then")


func test_setting_switches_the_thread_off() -> void:
	await _join()

	_put("pos", 1, UNRELIABLE)
	_block()

	assert_eq(NetworkThread._turns.size(), 0, "rooms of the thread")
	assert_eq(_relay.data.size(), 0, "datagrams before the frame has ended")


func test_doorman_of_a_session_that_is_gone_has_no_answer() -> void:
	var options := PackhorseRoomOptions.new()
	options.connect_timeout = 0.05
	_start(_peer, _relay.address(), options)
	OS.delay_msec(LONG)

	assert_eq(_peer.doorman.admit(1), ERR_UNAVAILABLE, "result")


func test_relay_that_never_answers_is_told_by_poll() -> void:
	var options := PackhorseRoomOptions.new()
	options.connect_timeout = 0.05

	await _fail_to_connect(_relay.address(), options)

	assert_eq(_told, ["CONNECT_TIMEOUT"] as Array[String], "told")


func test_port_without_a_relay_is_told_by_poll() -> void:
	var socket := TCPServer.new()
	socket.listen(0, "127.0.0.1")
	var port := socket.get_local_port()
	socket.stop()

	await _fail_to_connect("ws://127.0.0.1:%d" % port, null)

	assert_eq(_told, ["WEBSOCKET_FAILED"] as Array[String], "told")


func test_name_that_nobody_has_is_told_by_poll() -> void:
	await _fail_to_connect("relay.invalid", null)

	assert_eq(_told, ["NAME_UNKNOWN"] as Array[String], "told")


## Checks that the game hears of a failure when it polls, and where.
func _fail_to_connect(address: String, options: PackhorseRoomOptions) -> void:
	_peer.connection_error.connect(_note_thread.unbind(1))
	_start(_peer, address, options)
	OS.delay_msec(2 * LONG)
	assert_eq(_told, [] as Array[String], "told without poll")
	while _peer.get_connection_status() != DISCONNECTED:
		_peer.poll()
		await tree.process_frame
	assert_eq(_threads, [OS.get_main_thread_id()] as Array[int], "threads")


func _note_thread() -> void:
	_threads.append(OS.get_thread_caller_id())


func _note_waiting() -> void:
	_seen.append(_peer.get_available_packet_count())


func _drop_peer() -> void:
	_peer = null
