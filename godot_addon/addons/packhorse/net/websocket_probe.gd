extends RefCounted
## A WebSocket to a relay for the time of an examination.
##
## Source: protocol_spec/SPEC.md section 17.

const Address := preload("../wire/address.gd")

const _PROTOCOL := "packhorse.v1"

var url: String
## Why it cannot be used, in words; empty while nothing speaks against it.
var problem := ""

var _socket := WebSocketPeer.new()


func _init(host: String, port: int) -> void:
	url = "ws://%s/v1" % Address.join(host, port)
	_socket.supported_protocols = PackedStringArray([_PROTOCOL])
	if _socket.connect_to_url(url) != OK:
		problem = "no connection can be begun"


## Moves the socket.
func poll() -> void:
	_socket.poll()
	if _socket.get_ready_state() == WebSocketPeer.STATE_CLOSED and not problem:
		problem = "the port does not accept a WebSocket"
	elif is_open() and _socket.get_selected_protocol() != _PROTOCOL:
		problem = "something answers that is no Packhorse relay"


## Tells whether datagrams can be sent.
func is_open() -> bool:
	return _socket.get_ready_state() == WebSocketPeer.STATE_OPEN


## Sends one datagram.
func send(datagram: PackedByteArray) -> void:
	_socket.send(datagram)


## Returns the datagrams that have come.
func received() -> Array[PackedByteArray]:
	var datagrams: Array[PackedByteArray] = []
	while _socket.get_available_packet_count() > 0:
		datagrams.append(_socket.get_packet())
	return datagrams


## Closes the socket; harmless when closed.
func close() -> void:
	_socket.close()
