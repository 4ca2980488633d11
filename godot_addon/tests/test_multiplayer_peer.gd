extends "res://tests/support/peer_case.gd"
## The contract between Godot and PackhorseMultiplayerPeer.


func test_client_is_connected_with_its_id_before_it_hears_of_peers() -> void:
	_relay.members = [1, 2, 5]
	await _join()

	assert_eq(_told, ["+1", "+5"] as Array[String], "told")
	assert_eq(_states, [[CONNECTED, 2], [CONNECTED, 2]] as Array[Array], "states")
	assert_eq(_peer.room_code, "K7QM-2XPA", "code")


func test_host_is_server_from_the_start() -> void:
	_relay.grant_changes = {&"peer": 1, &"rev": 1}
	_relay.members = [1]

	_peer.create_room(_relay.address())

	assert_eq(_peer.get_unique_id(), 1, "id")
	await _until(func() -> bool: return _peer.get_connection_status() == CONNECTED)
	assert_eq(_told, ["K7QM-2XPA"] as Array[String], "told")


func test_data_before_the_roster_comes_after_its_peer() -> void:
	_relay.members = []
	_peer.join_room(_relay.address(), FakeRelay.CODE)
	await _until(func() -> bool: return _relay.requests.size() > 0)  # SYNC

	_relay.send(FakeRelay.data(1, PackedByteArray([7])))
	_relay.send(_relay.relay.roster(2, [1, 2]))
	await _until(func() -> bool: return _peer.get_available_packet_count() > 0)

	assert_eq(_told, ["+1"] as Array[String], "told")
	assert_eq(_peer.get_packet_peer(), 1, "source")
	assert_eq(_peer.get_packet(), PackedByteArray([7]), "packet")


func test_nothing_is_told_outside_poll() -> void:
	await _join()
	_told.clear()

	_relay.send(_relay.relay.roster(9, [1, 2, 3]))
	for _frame in 5:
		await tree.process_frame
	assert_eq(_told, [] as Array[String], "told without poll")
	await _until(func() -> bool: return not _told.is_empty())

	assert_eq(_told, ["+3"] as Array[String], "told")


func test_packets_are_read_before_their_peer_goes() -> void:
	await _join()
	_told.clear()

	_relay.send(FakeRelay.data(1, PackedByteArray([7])))
	_relay.send(_relay.relay.seal(Constants.MessageType.CLOSED, {&"code": 400}))
	await _until(func() -> bool: return _peer.get_available_packet_count() > 0)
	assert_eq(_told, [] as Array[String], "told while a packet waits")
	_peer.set_target_peer(1)
	assert_eq(_peer.put_packet(PackedByteArray([8])), OK, "answer that goes nowhere")
	assert_eq(_peer.get_packet(), PackedByteArray([7]), "packet")
	await _until(func() -> bool: return _peer.get_connection_status() == DISCONNECTED)

	assert_eq(_told, ["-1", "ROOM_CLOSED"] as Array[String], "told")


func test_packets_that_nobody_reads_hold_nothing_up() -> void:
	await _join()

	_relay.send(FakeRelay.data(1, PackedByteArray([7])))
	_relay.send(_relay.relay.seal(Constants.MessageType.CLOSED, {&"code": 400}))
	await _until(func() -> bool: return _peer.get_connection_status() == DISCONNECTED)

	assert_eq(_peer.get_available_packet_count(), 0, "packets")


func test_close_is_immediate_quiet_and_can_be_repeated() -> void:
	await _join()
	_told.clear()

	_peer.close()
	_peer.close()

	assert_eq(_peer.get_connection_status(), DISCONNECTED, "status")
	assert_eq(_peer.get_unique_id(), 0, "id")
	assert_eq(_told, [] as Array[String], "told")


func test_leave_is_repeated_until_acknowledged_after_close() -> void:
	await _join()

	_peer.close()
	await _until(func() -> bool: return _leaves().size() >= 3)

	var sequences := _leaves()
	assert_eq(sequences.min(), sequences.max(), "the same request each time")
	var fields: Dictionary[StringName, Variant] = {&"request": sequences[0], &"code": 0}
	_relay.send(_relay.relay.seal(Constants.MessageType.ACK, fields))
	for _frame in 5:
		await tree.process_frame
	_relay.poll()
	var count := _leaves().size()
	await tree.create_timer(1.2).timeout
	_relay.poll()
	assert_eq(_leaves().size(), count, "repetitions after the acknowledgement")


func test_dropped_peer_leaves_too() -> void:
	await _join()

	_peer = null
	await _until(func() -> bool: return not _leaves().is_empty())

	assert_eq(_leaves().size(), 1, "requests")


func test_peer_can_be_closed_in_a_handler() -> void:
	_relay.members = [1, 2, 3]
	_closes_at_peer = true

	_peer.join_room(_relay.address(), FakeRelay.CODE)
	await _until(func() -> bool: return not _told.is_empty())

	assert_eq(_told, ["+1"] as Array[String], "told")
	assert_eq(_peer.get_connection_status(), DISCONNECTED, "status")


func test_broadcast_of_godot_becomes_one_datagram() -> void:
	_relay.members = [1, 2, 3]
	await _join()

	_peer.transfer_mode = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
	for target: int in [1, 3]:
		_peer.set_target_peer(target)
		_peer.put_packet(PackedByteArray([9]))
	await _until(func() -> bool: return not _relay.data.is_empty())

	assert_eq(_relay.data.size(), 1, "datagrams")
	assert_eq(_relay.data[0].hex_encode(), "a45c0000000009", "bytes")


func test_lone_packet_goes_out_without_poll_in_its_frame() -> void:
	_relay.members = [1, 2, 3]
	await _join()

	_peer.transfer_mode = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
	_peer.set_target_peer(3)
	_peer.put_packet(PackedByteArray([9]))
	await tree.process_frame
	await tree.process_frame
	_relay.poll()

	assert_eq(_relay.data.size(), 1, "datagrams")


func test_star_client_sends_everything_to_the_host() -> void:
	_relay.members = [1, 2, 3]
	_relay.grant_changes = {&"topology": 1}
	await _join()
	assert_eq(_told, ["+1"] as Array[String], "told")
	assert_true(_peer.is_server_relay_supported(), "Godot relays")

	_peer.transfer_mode = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
	for target: int in [0, 1, -2, -1]:
		_peer.set_target_peer(target)
		_peer.put_packet(PackedByteArray([target & 0xFF]))
		await tree.process_frame
	await _until(func() -> bool: return _relay.data.size() >= 3)

	var sent := _relay.data.map(func(data: PackedByteArray) -> String: return data.hex_encode())
	assert_eq(sent, ["a45c0000000100", "a45c0000000101", "a45c00000001fe"], "sent")


func test_client_that_disconnects_a_client_hides_it() -> void:
	_relay.members = [1, 2, 3]
	await _join()
	_told.clear()

	_peer.disconnect_peer(3)
	assert_eq(_told, [] as Array[String], "told at once")
	await _until(func() -> bool: return not _told.is_empty())
	_relay.send(FakeRelay.data(3, PackedByteArray([7])))
	_relay.send(_relay.relay.roster(9, [1, 2]))
	_relay.send(FakeRelay.data(1, PackedByteArray([8])))
	await _until(func() -> bool: return _peer.get_available_packet_count() > 0)

	assert_eq(_told, ["-3"] as Array[String], "told")
	assert_eq(_peer.get_packet(), PackedByteArray([8]), "packet")


func test_client_that_disconnects_the_host_leaves() -> void:
	await _join()
	_told.clear()

	_peer.disconnect_peer(1)
	await _until(func() -> bool: return not _leaves().is_empty())
	var fields: Dictionary[StringName, Variant] = {&"request": _leaves()[0], &"code": 0}
	_relay.send(_relay.relay.seal(Constants.MessageType.ACK, fields))
	await _until(func() -> bool: return _peer.get_connection_status() == DISCONNECTED)

	assert_eq(_told, ["-1"] as Array[String], "told")


func test_transfer_mode_and_channel_are_kept() -> void:
	_peer.transfer_mode = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE_ORDERED
	_peer.transfer_channel = 7

	assert_eq(_peer.transfer_mode, MultiplayerPeer.TRANSFER_MODE_UNRELIABLE_ORDERED, "mode")
	assert_eq(_peer.transfer_channel, 7, "channel")


func test_statistics_count_bytes_and_drops() -> void:
	await _join()

	_relay.send(PackedByteArray([1, 2, 3]))
	await _until(func() -> bool: return _peer.get_statistics().has(&"drop_too_short"))

	var statistics := _peer.get_statistics()
	assert_true(statistics[&"bytes_sent"] >= 1200.0, "bytes sent")
	assert_true(statistics[&"datagrams_received"] >= 4.0, "datagrams received")


func test_unused_peer_has_no_numbers() -> void:
	assert_eq(_peer.get_peer_rtt(1), -1.0, "round-trip time")
	assert_eq(_peer.get_peer_statistics(1), {} as Dictionary, "of a peer")
	var statistics := {&"packets_waiting": 0.0, &"packets_refused": 0.0}
	assert_eq(_peer.get_statistics(), statistics, "statistics")
	assert_eq(_peer.put_packet(PackedByteArray([1])), ERR_UNCONFIGURED, "sending")
