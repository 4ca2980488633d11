extends "relay_link.gd"
## A WebSocket connection to one relay that comes back by itself when it was lost.
##
## One binary message is one datagram. The engine tells nobody why a connection cannot be had; so
## [code]websocket_failure.gd[/code] looks again before this link has failed.
## Source: protocol_spec/SPEC.md section 17.

const Constants := preload("../wire/constants.gd")
const SendQueue := preload("../core/send_queue.gd")
const WebsocketFailure := preload("websocket_failure.gd")

const SUBPROTOCOL := "packhorse.v1"

const _OVERHEAD := 46  # bytes: IPv4, TCP, masked frame; RFC 791, RFC 9293, RFC 6455 section 5.2
const _TLS_OVERHEAD := 22  # bytes: record, type and tag; RFC 8446 section 5.2
const _INBOUND_BUFFER := 1 << 20  # bytes; a frame that took long has much to read
const _OUTBOUND_BUFFER := 1 << 17  # bytes; more than _HANDED_OVER and the largest datagram
const _MAX_QUEUED := 8192  # messages that the engine keeps, each way
const _HANDED_OVER := 1 << 15  # bytes that the engine may have; what else waits is ours to drop
const _FIRST_PAUSE := 0.25  # seconds before connecting again; doubles
const _LONGEST_PAUSE := 4.0  # seconds
const _UNSUPPORTED_DATA := 1003  # close codes, RFC 6455 section 7.4.1
const _POLICY_VIOLATION := 1008
const _TOO_BIG := 1009
const _NORMAL := 1000

var _url: String
var _tls: TLSOptions
var _is_web: bool
var _socket: WebSocketPeer = null
var _queue := SendQueue.new()
var _failure: WebsocketFailure = null
var _give_up_at := 0.0  # clock seconds; of the attempt under way
var _connect_at := INF  # clock seconds; of the next attempt
var _pause := _FIRST_PAUSE
var _has_reopened := false


## Connects nowhere yet; [param tls] counts for [code]wss[/code], and null trusts what the system
## trusts.
func _init(url: String, tls: TLSOptions, is_web := OS.has_feature("web")) -> void:
	_url = url
	_tls = tls if tls != null else TLSOptions.client()
	_is_web = is_web
	relay = url
	overhead = _OVERHEAD + (_TLS_OVERHEAD if url.begins_with("wss:") else 0)


func kind() -> Kind:
	return Kind.WEBSOCKET


## Begins to connect; that takes 5 s at most.
func open(now: float) -> Error:
	var result := _connect(now)
	if result != OK:
		_fail(WebsocketFailure.of_absence(_url.begins_with("wss:")))
	return result


func poll(now: float) -> void:
	if _failure != null:
		_poll_failure(now)
	elif _socket != null:
		_poll_socket(now)
	elif state == State.LOST and _connect_at == INF:  # broken off
		_wait(now)
	elif now >= _connect_at:
		_connect_at = INF
		_connect(now)


func send(datagram: PackedByteArray) -> bool:
	return _count_sent(datagram, _hand_over(datagram))


func pending() -> int:
	return _socket.get_available_packet_count() if state == State.OPEN else 0


## As in the base; what no relay sends ends the connection, and comes as no bytes [WS-1].
func receive() -> PackedByteArray:
	if pending() == 0:
		return PackedByteArray()
	var datagram := _socket.get_packet()
	source = relay
	if _socket.was_string_packet():
		_break_off(_UNSUPPORTED_DATA)
	elif datagram.size() > Constants.WS_MAX_MESSAGE:
		_break_off(_TOO_BIG)
	else:
		return datagram
	return PackedByteArray()


func take_reopened() -> bool:
	var has_reopened := _has_reopened
	_has_reopened = false
	return has_reopened


## Tells whether a connection is being opened or is open.
func is_connecting() -> bool:
	return _socket != null


func close() -> void:
	super()
	_connect_at = INF
	_failure = null
	_queue.clear()
	_let_go(_NORMAL)


func _connect(now: float) -> Error:
	_give_up_at = now + Constants.WS_OPEN_TIMEOUT
	_socket = WebSocketPeer.new()
	_socket.supported_protocols = PackedStringArray([SUBPROTOCOL])
	_socket.inbound_buffer_size = _INBOUND_BUFFER
	_socket.outbound_buffer_size = _OUTBOUND_BUFFER
	_socket.max_queued_packets = _MAX_QUEUED
	var is_encrypted := _url.begins_with("wss:") and not _is_web
	var result := _socket.connect_to_url(_url, _tls if is_encrypted else null)
	if result != OK:
		_socket = null
	return result


func _poll_socket(now: float) -> void:
	_socket.poll()
	match _socket.get_ready_state():
		WebSocketPeer.STATE_OPEN:
			if state != State.OPEN:
				_opened()
			_drain()
		WebSocketPeer.STATE_CONNECTING:
			if now >= _give_up_at:
				_end_attempt(now)
		_:
			_end_attempt(now)


func _hand_over(datagram: PackedByteArray) -> bool:
	if state != State.OPEN or not _is_open():
		return false
	if _queue.is_empty() and _has_room():
		return _socket.put_packet(datagram) == OK
	if not _queue.push(datagram):
		_break_off(_POLICY_VIOLATION)
	dropped = _queue.dropped
	return state == State.OPEN


func _opened() -> void:
	if not _is_web:
		_socket.set_no_delay(true)
	_has_reopened = state == State.LOST
	state = State.OPEN
	_pause = _FIRST_PAUSE


func _is_open() -> bool:
	return _socket.get_ready_state() == WebSocketPeer.STATE_OPEN


func _has_room() -> bool:
	return _socket.get_current_outbound_buffered_amount() < _HANDED_OVER


func _drain() -> void:
	while not _queue.is_empty() and _is_open() and _has_room():
		_socket.put_packet(_queue.pop())


## The connection under way, or the one that was open, is no more.
func _end_attempt(now: float) -> void:
	var code := _socket.get_close_code()
	var is_late := _socket.get_ready_state() == WebSocketPeer.STATE_CONNECTING
	_let_go(_NORMAL)
	if state != State.OPENING:
		_wait(now)
	elif is_late or _is_web:
		_fail(WebsocketFailure.of_silence() if is_late else WebsocketFailure.of_closing(code))
	else:
		_failure = WebsocketFailure.new(_url, _tls, code, _give_up_at)


func _poll_failure(now: float) -> void:
	_failure.poll(now)
	if _failure.error != null:
		_fail(_failure.error)
		_failure = null


func _fail(cause: PackhorseError) -> void:
	error = cause
	state = State.FAILED


func _wait(now: float) -> void:
	state = State.LOST
	_queue.clear()
	_connect_at = now + _pause
	_pause = minf(2.0 * _pause, _LONGEST_PAUSE)


## Ends a connection that is of no use; the next poll sees to another.
func _break_off(code: int) -> void:
	state = State.LOST
	_connect_at = INF
	_queue.clear()
	_let_go(code)


func _let_go(code: int) -> void:
	if _socket != null:
		_socket.close(code)
	_socket = null
