extends "res://tests/support/thread_case.gd"
## Many large unreliable packets of one frame leave in parts, a turn of the network thread each.
##
## The tests hold the lock, so that the thread gets no turns, and take them themselves.

const _COUNT := 300
const _SIZE := 1100  # bytes
const _LARGEST_PART := 33  # datagrams, with a PING; far fewer than a receive buffer holds

var _waiting: Array[int] = []  # packets that had not left when a signal came


func test_burst_leaves_in_parts_and_in_order() -> void:
	await _join_locked()

	await _burst(_COUNT, 1, UNRELIABLE)
	_take_turns(3)
	await _burst(1, 1, UNRELIABLE, _COUNT)
	_take_turns(_COUNT)

	assert_eq(_numbers(), range(_COUNT + 1), "numbers")
	_peer._lock.unlock()


func test_ordered_broadcasts_leave_in_parts_and_in_order() -> void:
	_relay.members = [1, 2, 3]
	await _join_locked()

	await _burst(_COUNT, 0, ORDERED)
	_take_turns(_COUNT)

	assert_eq(_numbers(), range(_COUNT), "numbers")
	_peer._lock.unlock()


func test_few_packets_leave_in_one_turn() -> void:
	await _join_locked()

	await _burst(32, 1, UNRELIABLE)
	_peer._turn.take()

	assert_eq(_peer._outgoing._packets.size(), 0, "packets that wait")
	_peer._lock.unlock()


func test_small_packets_leave_in_one_turn() -> void:
	await _join_locked()

	await _burst(_COUNT, 1, UNRELIABLE, 0, 20)
	_peer._turn.take()

	assert_eq(_peer._outgoing._packets.size(), 0, "packets that wait")
	_peer._lock.unlock()


func test_what_exceeds_the_bound_leaves_in_the_first_turn() -> void:
	await _join_locked()

	await _burst(900, 1, UNRELIABLE)
	_peer._turn.take()

	assert_eq(_peer._outgoing._packets.size(), 512, "packets that wait")
	_peer._lock.unlock()


func test_everything_leaves_before_a_new_peer_is_told() -> void:
	_peer.peer_connected.connect(_note_waiting.unbind(1))
	await _join_locked()
	_waiting.clear()

	await _burst(_COUNT, 0, UNRELIABLE)
	_relay.send(_relay.relay.roster(9, [1, 2, 3]))
	await _until(func() -> bool: return not _waiting.is_empty())

	assert_eq(_waiting, [0] as Array[int], "packets that wait")
	_peer._lock.unlock()


func test_everything_leaves_before_the_room_is_left() -> void:
	await _join_locked()
	var link := _peer._client._driver.link
	var before := link.datagrams_sent

	await _burst(_COUNT, 1, UNRELIABLE)
	_peer._turn.take()
	_peer.close()

	assert_true(link.datagrams_sent - before >= _COUNT, "datagrams")
	_peer._lock.unlock()


func test_without_a_thread_everything_leaves_at_the_end_of_the_frame() -> void:
	await _join()
	var before := _sent()

	await _burst(_COUNT, 1, UNRELIABLE)

	assert_true(_sent() - before >= _COUNT, "datagrams")


func _join_locked() -> void:
	await _join_shared()
	_peer._lock.lock()


## Sends numbered packets in one frame, and ends it.
func _burst(
	count: int, target: int, mode: MultiplayerPeer.TransferMode, first := 0, size := _SIZE
) -> void:
	_peer.transfer_mode = mode
	_peer.set_target_peer(target)
	for number in range(first, first + count):
		var packet := PackedByteArray()
		packet.resize(size)
		packet.encode_u32(size - 4, number)
		_peer.put_packet(packet)
	await tree.process_frame


## Takes turns until everything has left, [param most] at most; none sends too much.
func _take_turns(most: int) -> void:
	for _turn in most:
		var before := _sent()
		_peer._turn.take()
		_relay.poll()
		assert_true(_sent() - before <= _LARGEST_PART, "datagrams of one turn")
		if not _peer._outgoing._packets:
			return


func _sent() -> int:
	return int(_peer.get_statistics()[&"datagrams_sent"])


func _numbers() -> Array:
	var number_of := func(datagram: PackedByteArray) -> int:
		return datagram.decode_u32(datagram.size() - 4)
	return _relay.data.map(number_of)


func _note_waiting() -> void:
	_waiting.append(_peer._outgoing._packets.size())
