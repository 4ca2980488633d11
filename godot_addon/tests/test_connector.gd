extends "res://tests/test_case.gd"
## Which way to a relay wins, and what is told when none does; the clock is the test's own.

const Candidates := preload("res://addons/packhorse/core/candidates.gd")
const Connector := preload("res://addons/packhorse/net/connector.gd")
const Constants := preload("res://addons/packhorse/wire/constants.gd")
const FakeRelay := preload("res://tests/support/fake_relay.gd")
const Reach := preload("res://addons/packhorse/net/reach.gd")
const RelayAddress := preload("res://addons/packhorse/core/relay_address.gd")
const RelayLink := preload("res://addons/packhorse/net/relay_link.gd")
const Stages := preload("res://addons/packhorse/core/stages.gd")
const WebsocketRelay := preload("res://tests/support/websocket_relay.gd")
const Wish := preload("res://addons/packhorse/core/wish.gd")

const STEP := 0.05  ## Seconds of the clock for each frame.

var _websocket := WebsocketRelay.new()
var _udp := PacketPeerUDP.new()
var _has_udp := false
var _udp_refuses := false
var _connector: Connector
var _now := 100.0


func _init() -> void:
	_udp.bind(_websocket.port, "127.0.0.1")
	_websocket.on_datagram = _answer_websocket


func test_udp_that_answers_wins_without_a_websocket() -> void:
	_has_udp = true
	await _run(_reach())

	assert_eq(_connector.winner.link.kind(), RelayLink.Kind.UDP, "kind")
	assert_eq(_connector.stage, Stages.Stage.REACHING, "stage")
	assert_eq(_websocket.taken, 0, "connections")


func test_websocket_wins_a_second_after_udp_said_nothing() -> void:
	await _run(_reach())

	assert_eq(_connector.winner.link.kind(), RelayLink.Kind.WEBSOCKET, "kind")
	assert_eq(_connector.stage, Stages.Stage.REACHING_WEBSOCKET, "stage")
	assert_true(_now - 100.0 >= Constants.WS_HEAD_START, "waited %.2f s" % (_now - 100.0))


func test_udp_whose_answer_nobody_read_for_seconds_wins_without_a_websocket() -> void:
	_has_udp = true
	_connector = Connector.new(Wish.new(), _reach())
	while _udp.get_available_packet_count() == 0:
		_connector.poll(_now)
		await tree.process_frame
	_poll_udp()

	_now += 3.0 * Constants.WS_HEAD_START
	_connector.poll(_now)

	assert_true(_connector.winner != null, "the answer was read")
	assert_eq(_connector.stage, Stages.Stage.REACHING, "stage")
	assert_eq(_connector.attempts().size(), 1, "attempts")
	_connector.close()


func test_browser_neither_resolves_nor_uses_udp() -> void:
	_has_udp = true
	await _run(_reach(Candidates.Transport.AUTO, true))

	assert_eq(_connector.winner.link.kind(), RelayLink.Kind.WEBSOCKET, "kind")
	assert_eq(_udp.get_available_packet_count(), 0, "datagrams by UDP")
	assert_true(_now - 100.0 < Constants.WS_HEAD_START, "waited for nothing")


func test_refusal_of_the_relay_decides_at_once() -> void:
	_has_udp = true
	_udp_refuses = true
	await _run(_reach())

	assert_eq(_connector.error.name, "UNSUPPORTED_VERSION", "error")
	assert_eq(_websocket.taken, 0, "connections")


func test_websocket_that_fails_at_once_is_told_with_all_that_was_tried() -> void:
	_websocket.stop()
	await _run(_reach(Candidates.Transport.WEBSOCKET))

	assert_eq(_connector.error.name, "WEBSOCKET_FAILED", "error")
	assert_eq(_connector.error.attempts.size(), 2, "attempts")
	assert_true("ws://127.0.0.1" in _connector.error.attempts[0], _connector.error.attempts[0])
	assert_true("tried ws://" in str(_connector.error), str(_connector.error))


func test_silence_tells_more_than_a_closed_port() -> void:
	_websocket.stop()
	await _run(_reach())

	assert_eq(_connector.error.name, "NO_ANSWER", "error")
	assert_eq(_connector.error.attempts.size(), 3, "attempts")


func test_only_way_needs_no_list_of_attempts() -> void:
	await _run(_reach(Candidates.Transport.UDP))

	assert_eq(_connector.error.name, "NO_ANSWER", "error")
	assert_eq(_connector.error.attempts.size(), 0, "attempts")


func _reach(transport := Candidates.Transport.AUTO, is_web := false) -> Reach:
	var reach := Reach.new(RelayAddress.parse("127.0.0.1:%d" % _websocket.port), is_web)
	reach.transport = transport
	return reach


func _run(reach: Reach) -> void:
	_connector = Connector.new(Wish.new(), reach)
	while _connector.winner == null and _connector.error == null:
		_now += STEP
		_connector.poll(_now)
		_websocket.poll()
		_poll_udp()
		await tree.process_frame
	_connector.close()


func _poll_udp() -> void:
	while _has_udp and _udp.get_available_packet_count() > 0:
		var hello := _udp.get_packet()
		_udp.set_dest_address(_udp.get_packet_ip(), _udp.get_packet_port())
		var code := Constants.ErrorCode.UNSUPPORTED_VERSION
		_udp.put_packet(
			FakeRelay.error(hello, code) if _udp_refuses else FakeRelay.challenge(hello)
		)


func _answer_websocket(hello: PackedByteArray) -> void:
	_websocket.send(FakeRelay.challenge(hello))
