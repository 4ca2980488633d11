extends "relay_link.gd"
## A UDP socket that talks to one relay, and to peers.
##
## The socket is not connected, so that it outlives a change of the network; whoever reads it
## compares [member source].

const Address := preload("../wire/address.gd")

const _IPV4_UDP := 28  # bytes of headers; RFC 791, RFC 768
const _IPV6_UDP := 48  # bytes of headers; RFC 8200, RFC 768
const _RECEIVE_BUFFER := 1 << 20  # bytes; the engine's default loses bursts

var _socket := PacketPeerUDP.new()
var _host: String
var _port: int
var _target := ""  # the address to which the socket sends; empty for the relay's


func _init(host: String, port: int) -> void:
	_host = host
	_port = port
	relay = Address.join(host, port)
	overhead = _IPV6_UDP if ":" in host else _IPV4_UDP


## Opens the socket on a port that the system chooses.
func open(_now: float) -> Error:
	var result := _bind()
	if result == OK:
		result = _socket.set_dest_address(_host, _port)
	state = State.OPEN if result == OK else State.FAILED
	return result


func peer_port() -> int:
	return _socket.get_local_port() if state == State.OPEN else 0


func send(datagram: PackedByteArray) -> bool:
	if _target:
		_target = ""
		_socket.set_dest_address(_host, _port)
	if _socket.put_packet(datagram) != OK:
		return _count_sent(datagram, false)
	datagrams_sent += 1
	bytes_sent += datagram.size()
	return true


func send_to(datagram: PackedByteArray, address: String) -> bool:
	if _target != address:
		_target = address
		var encoded := Address.parse(address)
		_socket.set_dest_address(Address.host_of(encoded), Address.port_of(encoded))
	return _count_sent(datagram, _socket.put_packet(datagram) == OK)


## As in the base; an error of the socket counts as none.
func pending() -> int:
	return maxi(0, _socket.get_available_packet_count())


func receive() -> PackedByteArray:
	var datagram := _socket.get_packet()
	source = _source()
	return datagram


## As in the base, with fewer calls: every datagram passes here.
func deliver(now: float) -> bool:
	var count := mini(_socket.get_available_packet_count(), MAX_DATAGRAMS_PER_POLL)
	for _index in count:
		var datagram := _socket.get_packet()
		datagrams_received += 1
		bytes_received += datagram.size()
		var is_relay := _socket.get_packet_port() == _port and _socket.get_packet_ip() == _host
		session.receive_datagram(datagram, relay if is_relay else _source(), now)
	return true


func close() -> void:
	super()
	_socket.close()


## Returns where the last datagram came from.
func _source() -> String:
	var host := _socket.get_packet_ip()
	var sender_port := _socket.get_packet_port()
	var is_relay := sender_port == _port and host == _host
	return relay if is_relay else Address.show(Address.encode(host, sender_port))


func _bind() -> Error:
	var result := _socket.bind(0, "*", _RECEIVE_BUFFER)
	state = State.OPEN if result == OK else State.FAILED
	return result
