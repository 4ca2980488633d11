extends RefCounted
## A WebSocket server for tests of the member's link: takes one connection after the other, and
## sends what it is told to.

## Where it listens, on 127.0.0.1.
var port: int
var received: Array[PackedByteArray] = []
## Connections taken so far.
var taken := 0
## Close code of the last connection that the other side ended; -1 before.
var close_code := -1
## Called with each datagram.
var on_datagram := func(_datagram: PackedByteArray) -> void: pass
## Reads nothing while this is false.
var is_reading := true

var _server := TCPServer.new()
var _socket: WebSocketPeer = null


func _init() -> void:
	_server.listen(0, "127.0.0.1")
	port = _server.get_local_port()


## Returns the URL for the member.
func url() -> String:
	return "ws://127.0.0.1:%d/v1" % port


## Takes what has come.
func poll() -> void:
	if _server.is_connection_available() and (_socket == null or not is_open()):
		_take(_server.take_connection())
	if _socket == null or not is_reading:
		return
	_socket.poll()
	while is_open() and _socket.get_available_packet_count() > 0:
		received.append(_socket.get_packet())
		on_datagram.call(received[-1])
	if _socket.get_ready_state() == WebSocketPeer.STATE_CLOSED and _socket.get_close_code() >= 0:
		close_code = _socket.get_close_code()


## Tells whether a connection is open.
func is_open() -> bool:
	return _socket != null and _socket.get_ready_state() == WebSocketPeer.STATE_OPEN


func send(datagram: PackedByteArray) -> void:
	_socket.put_packet(datagram)


func send_text(text: String) -> void:
	_socket.send_text(text)


## Ends the connection; without a word when [param code] is -1.
func end(code: int) -> void:
	_socket.close(code)


## Takes no more connections.
func stop() -> void:
	_server.stop()
	_socket = null


func _take(stream: StreamPeerTCP) -> void:
	taken += 1
	_socket = WebSocketPeer.new()
	_socket.supported_protocols = PackedStringArray(["packhorse.v1"])
	_socket.inbound_buffer_size = 1 << 20
	_socket.outbound_buffer_size = 1 << 20
	_socket.accept_stream(stream)
