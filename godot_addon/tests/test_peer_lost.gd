extends "res://tests/support/peer_case.gd"
## What a game is told of peers that fell silent.

const LOST := Constants.RoomEventKind.PEER_LOST
const FOUND := Constants.RoomEventKind.PEER_FOUND
const REPLACED := Constants.ErrorCode.REPLACED


func test_lost_peer_is_told_and_told_when_it_is_back() -> void:
	await _join()
	_told.clear()

	_relay.send(_relay.relay.events([PackedInt64Array([3, LOST, 1, 0])]))
	await _until(func() -> bool: return not _told.is_empty())
	assert_eq(_peer.get_connection_status(), CONNECTED, "status")
	_relay.send(_relay.relay.events([PackedInt64Array([4, FOUND, 1, 0])]))
	await _until(func() -> bool: return _told.size() > 1)

	assert_eq(_told, ["lost 1", "found 1"] as Array[String], "told")


func test_peer_that_was_lost_before_is_told_once_after_it() -> void:
	_relay.members = []
	_peer.join_room(_relay.address(), FakeRelay.CODE)
	await _until(func() -> bool: return _relay.requests.size() > 0)  # SYNC

	_relay.send(_relay.relay.roster(2, [1, 2], [1]))
	await _until(func() -> bool: return _peer.get_connection_status() == CONNECTED)
	_relay.send(_relay.relay.roster(3, [1, 2, 3], [1, 3]))
	await _until(func() -> bool: return _told.size() > 3)

	assert_eq(_told, ["+1", "lost 1", "+3", "lost 3"] as Array[String], "told")


func test_lost_peer_that_the_game_hid_is_not_told() -> void:
	_relay.members = [1, 2, 3]
	await _join()
	_peer.disconnect_peer(3, true)
	_told.clear()

	_relay.send(
		_relay.relay.events([PackedInt64Array([3, LOST, 3, 0]), PackedInt64Array([4, LOST, 1, 0])])
	)
	await _until(func() -> bool: return not _told.is_empty())

	assert_eq(_told, ["lost 1"] as Array[String], "told")


func test_restarted_peer_leaves_and_comes_back_one_poll_later() -> void:
	_relay.members = [1, 2, 3]
	await _join()
	_told.clear()
	var left := PackedInt64Array([3, Constants.RoomEventKind.PEER_LEFT, 3, REPLACED])
	var joined := PackedInt64Array([4, Constants.RoomEventKind.PEER_JOINED, 3, 0])

	_relay.send(_relay.relay.events([left, joined]))
	await _until(func() -> bool: return not _told.is_empty())
	assert_eq(_told, ["-3"] as Array[String], "told in one poll")
	_peer.poll()

	assert_eq(_told, ["-3", "+3"] as Array[String], "told")
