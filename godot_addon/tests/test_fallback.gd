extends "res://tests/test_case.gd"
## The search for a WebSocket while UDP is dead; the clock is the test's own.

const Candidates := preload("res://addons/packhorse/core/candidates.gd")
const Fallback := preload("res://addons/packhorse/net/fallback.gd")
const Reach := preload("res://addons/packhorse/net/reach.gd")
const RelayAddress := preload("res://addons/packhorse/core/relay_address.gd")
const RelayLink := preload("res://addons/packhorse/net/relay_link.gd")
const WebsocketRelay := preload("res://tests/support/websocket_relay.gd")

const CHANCE := 2.0  ## Seconds that UDP has once a WebSocket is open.

var _relay := WebsocketRelay.new()
var _fallback: Fallback
var _now := 100.0


func test_open_websocket_waits_for_udp_then_is_taken() -> void:
	await _open()

	_now += CHANCE - 0.01
	assert_eq(_fallback.poll(_now), null, "before")
	_now += 0.01
	var link := _fallback.poll(_now)

	assert_eq(link.kind(), RelayLink.Kind.WEBSOCKET, "kind")
	assert_eq(link.state, RelayLink.State.OPEN, "state")


func test_relay_that_is_heard_again_needs_no_websocket() -> void:
	await _open()

	_fallback.stop()
	while _relay.close_code < 0:
		_relay.poll()
		await tree.process_frame

	assert_eq(_relay.close_code, 1000, "close code")


func test_websocket_that_breaks_while_it_waits_is_not_taken() -> void:
	await _open()
	_relay.end(-1)
	_relay.stop()
	for _index in 10:
		_fallback.poll(_now)
		await tree.process_frame

	_now += CHANCE

	assert_eq(_fallback.poll(_now), null, "link")


func test_attempt_that_fails_is_followed_by_another() -> void:
	var reach := Reach.new(RelayAddress.parse(_relay.url()), false)
	var server := TCPServer.new()
	_relay.stop()
	_fallback = Fallback.new(reach)
	for _index in 60:
		_fallback.poll(_now)
		await tree.process_frame
	server.listen(_relay.port, "127.0.0.1")
	_now += 1.9
	_fallback.poll(_now)
	await tree.process_frame
	assert_true(not server.is_connection_available(), "before the pause is over")

	_now += 0.2
	while not server.is_connection_available():
		_fallback.poll(_now)
		await tree.process_frame

	assert_true(server.is_connection_available(), "after it")


func test_udp_alone_looks_for_nothing() -> void:
	var reach := Reach.new(RelayAddress.parse("127.0.0.1:%d" % _relay.port), false)
	reach.transport = Candidates.Transport.UDP
	_fallback = Fallback.new(reach)

	for _index in 10:
		assert_eq(_fallback.poll(_now), null, "link")
		_relay.poll()
		_now += 10.0
		await tree.process_frame

	assert_eq(_relay.taken, 0, "connections")


func _open() -> void:
	_fallback = Fallback.new(Reach.new(RelayAddress.parse("127.0.0.1:%d" % _relay.port), false))
	while not _relay.is_open():
		assert_eq(_fallback.poll(_now), null, "not open yet")
		_relay.poll()
		await tree.process_frame
	for _index in 10:  # this side hears of it
		assert_eq(_fallback.poll(_now), null, "UDP has its chance")
		await tree.process_frame
