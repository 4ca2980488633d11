extends RefCounted
## A UDP socket that talks to one relay.
##
## The socket is not connected, so that it outlives a change of the network; whoever reads it
## compares [member source].

const Address := preload("../wire/address.gd")

const _IPV4_UDP := 28  # bytes of headers; RFC 791, RFC 768
const _IPV6_UDP := 48  # bytes of headers; RFC 8200, RFC 768
const _RECEIVE_BUFFER := 1 << 20  # bytes; the engine's default loses bursts

## The relay's address, as [member source] writes it.
var relay: String
## Bytes that the network adds to each datagram.
var overhead: int
## Where the last received datagram came from.
var source := ""

var _socket := PacketPeerUDP.new()
var _host: String
var _port: int


func _init(host: String, port: int) -> void:
	_host = host
	_port = port
	relay = Address.join(host, port)
	overhead = _IPV6_UDP if ":" in host else _IPV4_UDP


## Opens the socket on a port that the system chooses.
func open() -> Error:
	var error := _socket.bind(0, "*", _RECEIVE_BUFFER)
	return error if error != OK else _socket.set_dest_address(_host, _port)


## Sends one datagram; false when the system refused it, which is no reason to give up.
func send(datagram: PackedByteArray) -> bool:
	return _socket.put_packet(datagram) == OK


## Returns how many datagrams can be received now; an error of the socket counts as none.
func pending() -> int:
	return maxi(0, _socket.get_available_packet_count())


## Returns one of the pending datagrams; sets [member source].
func receive() -> PackedByteArray:
	var datagram := _socket.get_packet()
	var is_relay := _socket.get_packet_port() == _port and _socket.get_packet_ip() == _host
	source = relay if is_relay else "elsewhere"
	return datagram


## Closes the socket; harmless when closed.
func close() -> void:
	_socket.close()
