extends "res://tests/support/thread_case.gd"
## What a game does, or the room goes through, between two things that the game is told.

const Outgoing := preload("res://addons/packhorse/net/outgoing.gd")
const Reach := preload("res://addons/packhorse/net/reach.gd")
const RelayAddress := preload("res://addons/packhorse/core/relay_address.gd")
const RelayClient := preload("res://addons/packhorse/net/relay_client.gd")
const Turn := preload("res://addons/packhorse/net/turn.gd")
const Wish := preload("res://addons/packhorse/core/wish.gd")

var _revision := 2  # of the room, as UdpRelay tells it first


## Takes as long to send as many packets do.
class SlowOutgoing:
	extends Outgoing
	var flushed_at := 0.0  # clock seconds

	func flush() -> void:
		OS.delay_msec(5)
		flushed_at = Time.get_ticks_usec() / 1e6


## Notes when it is moved.
class NotingClient:
	extends RelayClient
	var moved_at := 0.0  # clock seconds

	func move(now: float) -> bool:
		moved_at = now
		return false


func test_peer_that_left_while_a_room_was_set_up_is_not_told() -> void:
	await _create_room_until_it_is_set_up()

	_relay.send(
		_events(
			[
				PackedInt64Array([Constants.RoomEventKind.PEER_JOINED, 2, 0]),
				PackedInt64Array([Constants.RoomEventKind.PEER_LEFT, 2, 0])
			]
		)
	)
	_end_setup()
	await _until(func() -> bool: return not _told.is_empty())

	assert_eq(_told, ["K7QM-2XPA"] as Array[String], "told")
	assert_eq(_peer.get_peer_ids(), [] as Array[int], "peers")


func test_peer_that_was_restarted_while_a_room_was_set_up_is_told_once() -> void:
	await _create_room_until_it_is_set_up()

	_relay.send(
		_events(
			[
				PackedInt64Array([Constants.RoomEventKind.PEER_JOINED, 2, 0]),
				PackedInt64Array([Constants.RoomEventKind.PEER_JOINED, 2, 1])
			]
		)
	)
	await _until(func() -> bool: return _peer._unannounced.size() >= 1)
	for _frame in 5:
		_peer.poll()
		await tree.process_frame
	_end_setup()
	await _until(func() -> bool: return _told.size() > 1)

	assert_eq(_told, ["K7QM-2XPA", "+2"] as Array[String], "told")


func test_room_that_the_game_has_not_heard_of_cannot_be_changed() -> void:
	_relay.grant_changes = {&"peer": 1, &"rev": 1}
	_relay.members = [1]
	_create(PackhorseRoomOptions.new())

	_block_until(Stages.Stage.CONNECTED)

	var error := _peer.set_room_options(PackhorseRoomOptions.new())
	assert_eq(error, ERR_UNAVAILABLE, "before the game has heard of it")
	_peer.poll()
	assert_eq(_peer.set_room_options(PackhorseRoomOptions.new()), OK, "afterwards")


func test_peer_closed_in_a_handler_tells_of_no_other_hidden_peer() -> void:
	_relay.members = [1, 2, 3, 4]
	await _join_shared()
	_told.clear()
	_peer.peer_disconnected.connect(_close_peer.unbind(1))

	_peer.disconnect_peer(3)
	_peer.disconnect_peer(4)
	_peer.poll()

	assert_eq(_told, ["-3"] as Array[String], "told")


func test_peer_hidden_in_a_handler_is_told_before_the_room_ends() -> void:
	_relay.members = [1, 2, 3]
	await _join_shared()
	_told.clear()
	_peer.peer_lost.connect(_peer.disconnect_peer)

	_relay.send(_events([PackedInt64Array([Constants.RoomEventKind.PEER_LOST, 3, 0])]))
	_relay.send(_relay.relay.seal(Constants.MessageType.CLOSED, {&"code": 400}))
	await _until(func() -> bool: return _peer.get_connection_status() == DISCONNECTED)

	var expected: Array[String] = ["lost 3", "-1", "-3", "ROOM_CLOSED"]
	assert_eq(_told, expected, "told")


func test_hidden_peer_that_was_restarted_comes_back_in_the_next_poll() -> void:
	_relay.members = [1, 2, 3]
	await _join_shared()
	_told.clear()
	_peer.peer_lost.connect(_peer.disconnect_peer)

	(
		_relay
		. send(
			_events(
				[
					PackedInt64Array([Constants.RoomEventKind.PEER_LOST, 3, 0]),
					PackedInt64Array([Constants.RoomEventKind.PEER_JOINED, 3, 1]),
				]
			)
		)
	)
	await _until(func() -> bool: return "-3" in _told)
	assert_eq(_told, ["lost 3", "-3"] as Array[String], "told in the poll in which it goes")
	_peer.poll()

	assert_eq(_told, ["lost 3", "-3", "+3"] as Array[String], "told in the next")


func test_what_has_come_is_not_taken_in_before_what_was_sent_in_the_same_turn() -> void:
	var outgoing := SlowOutgoing.new()
	outgoing.is_frame_over = true
	var client := NotingClient.new(Wish.new(), Reach.new(RelayAddress.parse("192.0.2.1")), INF)
	var turn := Turn.new(Mutex.new(), client, outgoing)

	turn.take()

	assert_true(client.moved_at >= outgoing.flushed_at, "clock")


## Creates a room that asks its host, and waits until the relay has been asked to make it so.
func _create_room_until_it_is_set_up() -> void:
	_relay.grant_changes = {&"peer": 1, &"rev": 1}
	_relay.members = [1]
	var options := PackhorseRoomOptions.new()
	options.approve = true
	_create(options)
	var set_room := Constants.MessageType.SET_ROOM
	await _until(func() -> bool: return not _relay.of_type(set_room).is_empty())


func _create(options: PackhorseRoomOptions) -> void:
	ProjectSettings.set_setting(Settings.NETWORK_THREAD, true)
	assert_eq(_peer.create_room(_relay.address(), options), OK, "creating")
	ProjectSettings.set_setting(Settings.NETWORK_THREAD, false)


func _end_setup() -> void:
	var request := _relay.of_type(Constants.MessageType.SET_ROOM)[0].number(&"seq")
	_relay.send(_relay.relay.seal(Constants.MessageType.ACK, {&"request": request, &"code": 0}))


## Returns EVENTS with [param changes], each of kind, peer and code.
func _events(changes: Array[PackedInt64Array]) -> PackedByteArray:
	var records: Array[PackedInt64Array] = []
	for change in changes:
		_revision += 1
		records.append(PackedInt64Array([_revision]) + change)
	return _relay.relay.events(records)


func _close_peer() -> void:
	_peer.close()
