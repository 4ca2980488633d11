extends "res://tests/test_case.gd"
## The member's WebSocket, against a server on the loopback and a clock of its own.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const RelayLink := preload("res://addons/packhorse/net/relay_link.gd")
const WebsocketLink := preload("res://addons/packhorse/net/websocket_link.gd")
const WebsocketRelay := preload("res://tests/support/websocket_relay.gd")

var _relay := WebsocketRelay.new()
var _link: WebsocketLink
var _now := 100.0


func test_datagrams_go_both_ways_as_they_are() -> void:
	await _open()

	assert_true(_link.send(PackedByteArray([1, 2, 3])), "sent")
	_relay.send(PackedByteArray([4, 5]))
	await _until(func() -> bool: return _relay.received and _link.pending() > 0)

	assert_eq(_relay.received, [PackedByteArray([1, 2, 3])] as Array[PackedByteArray], "received")
	assert_eq(_link.receive(), PackedByteArray([4, 5]), "datagram")
	assert_eq(_link.source, _link.relay, "source")
	assert_eq(_link.kind(), RelayLink.Kind.WEBSOCKET, "kind")


func test_nothing_is_sent_before_it_is_open() -> void:
	_link = WebsocketLink.new(_relay.url(), null)
	_link.open(_now)

	assert_eq(_link.state, RelayLink.State.OPENING, "state")
	assert_true(not _link.send(PackedByteArray([1])), "refused")


func test_lost_connection_comes_back_and_says_so_once() -> void:
	await _open()
	assert_true(not _link.take_reopened(), "not lost yet")

	_relay.end(-1)
	await _until(func() -> bool: return _link.state == RelayLink.State.LOST)
	assert_true(not _link.send(PackedByteArray([1])), "refused while lost")
	_now += 0.3
	await _until(func() -> bool: return _link.state == RelayLink.State.OPEN)

	assert_eq(_relay.taken, 2, "connections")
	assert_true(_link.take_reopened(), "reopened")
	assert_true(not _link.take_reopened(), "told once")


func test_pauses_between_attempts_grow_to_4_s() -> void:
	await _open()
	_relay.end(-1)
	_relay.stop()
	await _until(func() -> bool: return _link.state == RelayLink.State.LOST)

	var pauses: Array[float] = []
	for _index in 6:
		var began := _now
		while not _link.is_connecting():
			_now += 0.125
			_link.poll(_now)
		pauses.append(_now - began)
		await _until(func() -> bool: return not _link.is_connecting())

	assert_eq(pauses, [0.25, 0.5, 1.0, 2.0, 4.0, 4.0] as Array[float], "pauses")
	assert_eq(_link.state, RelayLink.State.LOST, "state")


func test_text_message_ends_the_connection_with_1003() -> void:
	await _open()

	_relay.send_text("hello")
	await _until(func() -> bool: return _link.pending() > 0)
	assert_eq(_link.receive(), PackedByteArray(), "datagram")
	await _until(func() -> bool: return _relay.close_code >= 0)

	assert_eq(_relay.close_code, 1003, "WS-1")
	assert_eq(_link.state, RelayLink.State.LOST, "state")


func test_message_of_more_than_2048_bytes_ends_the_connection_with_1009() -> void:
	await _open()
	var message := PackedByteArray()
	message.resize(Constants.WS_MAX_MESSAGE)

	_relay.send(message)
	await _until(func() -> bool: return _link.pending() > 0)
	assert_eq(_link.receive().size(), Constants.WS_MAX_MESSAGE, "the largest is taken")
	message.append(0)
	_relay.send(message)
	await _until(func() -> bool: return _link.pending() > 0)
	assert_eq(_link.receive(), PackedByteArray(), "a larger is not")
	await _until(func() -> bool: return _relay.close_code >= 0)

	assert_eq(_relay.close_code, 1009, "WS-1")


func test_reader_that_stalls_costs_the_oldest_data_and_no_seal() -> void:
	await _open()
	_relay.is_reading = false
	var data := PackedByteArray([Constants.FirstByte.DATA])
	data.resize(1200)
	var sent := 0
	while _link.dropped < 100:
		_link.send(data)
		_link.poll(_now)
		sent += 1
	var seal := PackedByteArray([Constants.FirstByte.SEAL, 7])
	_link.send(seal)

	_relay.is_reading = true
	await _until(func() -> bool: return _relay.received.size() > sent - _link.dropped)

	var behind := _relay.received.size() - 1 - _relay.received.find(seal)
	assert_eq(behind, Constants.WS_QUEUE_BYTES / data.size(), "WS-3: data that the seal overtook")
	assert_eq(_link.state, RelayLink.State.OPEN, "state")


func test_too_much_control_ends_the_connection_with_1008() -> void:
	await _open()
	_relay.is_reading = false
	var seal := PackedByteArray([Constants.FirstByte.SEAL])
	seal.resize(1200)

	while _link.send(seal):
		pass

	assert_eq(_link.state, RelayLink.State.LOST, "state")


func test_closed_port_fails_with_advice() -> void:
	var url := _relay.url()
	_relay.stop()
	_link = WebsocketLink.new(url, null)
	_link.open(_now)

	await _until(func() -> bool: return _link.state == RelayLink.State.FAILED)

	assert_eq(_link.error.name, "WEBSOCKET_FAILED", "error")
	assert_true("firewall" in _link.error.advice, "advice")


func test_silent_server_fails_after_5_s() -> void:
	var server := TCPServer.new()
	server.listen(0, "127.0.0.1")
	_link = WebsocketLink.new("ws://127.0.0.1:%d/v1" % server.get_local_port(), null)
	_link.open(_now)
	_now += Constants.WS_OPEN_TIMEOUT - 0.01
	for _index in 5:
		_link.poll(_now)
		await tree.process_frame
	assert_eq(_link.state, RelayLink.State.OPENING, "before")

	_now += 0.01
	await _until(func() -> bool: return _link.state == RelayLink.State.FAILED)

	assert_true("no answer" in _link.error.message, _link.error.message)


func test_closing_tells_the_other_side() -> void:
	await _open()

	_link.close()
	_link.close()
	await _until(func() -> bool: return _relay.close_code >= 0)

	assert_eq(_relay.close_code, 1000, "code")
	assert_eq(_link.state, RelayLink.State.CLOSED, "state")


func _open() -> void:
	_link = WebsocketLink.new(_relay.url(), null)
	_link.open(_now)
	await _until(func() -> bool: return _link.state == RelayLink.State.OPEN and _relay.is_open())


func _until(condition: Callable) -> void:
	while not condition.call():
		_relay.poll()
		_link.poll(_now)
		await tree.process_frame
