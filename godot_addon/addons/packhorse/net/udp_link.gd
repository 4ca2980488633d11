extends "relay_link.gd"
## A UDP socket that talks to one relay.
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


func _init(host: String, port: int) -> void:
	_host = host
	_port = port
	relay = Address.join(host, port)
	overhead = _IPV6_UDP if ":" in host else _IPV4_UDP


## Opens the socket on a port that the system chooses.
func open(_now: float) -> Error:
	var result := _socket.bind(0, "*", _RECEIVE_BUFFER)
	if result == OK:
		result = _socket.set_dest_address(_host, _port)
	state = State.OPEN if result == OK else State.FAILED
	return result


func send(datagram: PackedByteArray) -> bool:
	return _socket.put_packet(datagram) == OK


## As in the base; an error of the socket counts as none.
func pending() -> int:
	return maxi(0, _socket.get_available_packet_count())


func receive() -> PackedByteArray:
	var datagram := _socket.get_packet()
	var is_relay := _socket.get_packet_port() == _port and _socket.get_packet_ip() == _host
	source = relay if is_relay else "elsewhere"
	return datagram


func close() -> void:
	super()
	_socket.close()
