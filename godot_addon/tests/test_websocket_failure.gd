extends "res://tests/test_case.gd"
## Why a WebSocket cannot be had, found out from servers on the loopback.

const WebsocketFailure := preload("res://addons/packhorse/net/websocket_failure.gd")

const DEADLINE := 5.0  ## Seconds of the test's clock.

var _server := TCPServer.new()
var _streams: Array[StreamPeerTCP] = []
var _answer := ""
var _closes := false


func _init() -> void:
	_server.listen(0, "127.0.0.1")


func test_http_status_is_told() -> void:
	for status: String in ["404 Not Found", "403 Forbidden", "429 Too Many Requests"]:
		_answer = "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % status

		var error := await _find_out(-1)

		assert_eq(error.name, "WEBSOCKET_REFUSED", status)
		assert_true("HTTP " + status.left(3) in error.message, error.message)
		assert_true("path" in error.advice, error.advice)


func test_body_of_any_size_is_not_read() -> void:
	_answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 1000000000\r\n\r\n" + "x".repeat(1000)

	assert_eq((await _find_out(-1)).name, "WEBSOCKET_REFUSED", "error")


func test_close_code_is_told_where_the_server_would_answer_now() -> void:
	_answer = "HTTP/1.1 101 Switching Protocols\r\n\r\n"

	var error := await _find_out(1008)

	assert_eq(error.name, "WEBSOCKET_CLOSED", "error")
	assert_true("code 1008" in error.message, error.message)


func test_server_that_hangs_up_is_told() -> void:
	_closes = true

	var error := await _find_out(-1)

	assert_eq(error.name, "WEBSOCKET_FAILED", "error")
	assert_true("closed" in error.message, error.message)


func test_port_without_a_server_is_told() -> void:
	var port := _server.get_local_port()
	_server.stop()

	var error := await _find_out(-1, port)

	assert_eq(error.name, "WEBSOCKET_FAILED", "error")
	assert_true("nothing takes connections" in error.message, error.message)


func test_server_that_says_nothing_is_told_at_the_deadline() -> void:
	var failure := _new(-1, _server.get_local_port())
	for _index in 10:
		_serve()
		failure.poll(DEADLINE - 0.1)
		await tree.process_frame
	assert_eq(failure.error, null, "before")

	failure.poll(DEADLINE)

	assert_true("no answer" in failure.error.message, failure.error.message)


func test_answer_that_is_no_http_ends_at_the_deadline_at_the_latest() -> void:
	_answer = "SSH-2.0-OpenSSH\r\n\r\n"
	var failure := _new(-1, _server.get_local_port())
	for _index in 30:
		_serve()
		failure.poll(0.0)
		await tree.process_frame

	failure.poll(DEADLINE)

	assert_true(failure.error != null, "error")


func _new(code: int, port: int) -> WebsocketFailure:
	return WebsocketFailure.new("ws://127.0.0.1:%d/v1" % port, null, code, DEADLINE)


func _find_out(code: int, port := _server.get_local_port()) -> PackhorseError:
	var failure := _new(code, port)
	while failure.error == null:
		_serve()
		failure.poll(0.0)
		await tree.process_frame
	return failure.error


func _serve() -> void:
	if _server.is_listening() and _server.is_connection_available():
		_streams.append(_server.take_connection())
	for stream: StreamPeerTCP in _streams.duplicate():
		stream.poll()
		var is_there := stream.get_status() == StreamPeerTCP.STATUS_CONNECTED
		if is_there and stream.get_available_bytes() > 0:
			stream.get_utf8_string(stream.get_available_bytes())
			stream.put_data(_answer.to_utf8_buffer())
			if _closes:
				stream.disconnect_from_host()
				_streams.erase(stream)
