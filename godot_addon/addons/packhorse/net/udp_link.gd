extends "relay_link.gd"
## A UDP socket that talks to one relay, and to peers.
##
## The socket is not connected, so that it outlives a change of the network; whoever reads it
## compares [member source].

const Address := preload("../wire/address.gd")

const _IPV4_UDP := 28  # bytes of headers; RFC 791, RFC 768
const _IPV6_UDP := 48  # bytes of headers; RFC 8200, RFC 768
const _NOBODY: PackedStringArray = ["", ""]
const _REMEMBERED := 64  # addresses; more are found out anew
const _RECEIVE_BUFFER := 1 << 20  # bytes; the engine's default loses bursts

var _socket := PacketPeerUDP.new()
var _host: String
var _port: int
var _target := ""  # the address to which the socket sends; empty for the relay's
var _names: Dictionary[int, PackedStringArray] = {}  # host and address of who has sent, by port
var _ends: Dictionary[String, PackedStringArray] = {}  # host and port of whom was sent to


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
		var end := _end_of(address)
		_socket.set_dest_address(end[0], end[1].to_int())
	return _count_sent(datagram, _socket.put_packet(datagram) == OK)


## As in the base; an error of the socket counts as none.
func pending() -> int:
	return maxi(0, _socket.get_available_packet_count())


func receive() -> PackedByteArray:
	var datagram := _socket.get_packet()
	var host := _socket.get_packet_ip()
	var port := _socket.get_packet_port()
	source = relay if port == _port and host == _host else _name_of(host, port)
	return datagram


## As in the base, with fewer calls: every datagram passes here.
func deliver(now: float) -> bool:
	var count := mini(_socket.get_available_packet_count(), MAX_DATAGRAMS_PER_POLL)
	for _index in count:
		var datagram := _socket.get_packet()
		datagrams_received += 1
		bytes_received += datagram.size()
		var port := _socket.get_packet_port()
		var host := _socket.get_packet_ip()
		var is_relay := port == _port and host == _host
		session.receive_datagram(datagram, relay if is_relay else _name_of(host, port), now)
	return true


func close() -> void:
	super()
	_socket.close()


## Returns an address as Address.show() writes it.
func _name_of(host: String, port: int) -> String:
	var known: PackedStringArray = _names.get(port, _NOBODY)
	if known[0] == host:
		return known[1]
	if _names.size() >= _REMEMBERED:
		_names.clear()
	var shown := Address.show(Address.encode(host, port))
	_names[port] = PackedStringArray([host, shown])
	return shown


## Returns host and port of an address.
func _end_of(address: String) -> PackedStringArray:
	if not _ends.has(address):
		if _ends.size() >= _REMEMBERED:
			_ends.clear()
		var encoded := Address.parse(address)
		var host := Address.host_of(encoded)
		_ends[address] = PackedStringArray([host, str(Address.port_of(encoded))])
	return _ends[address]


func _bind() -> Error:
	var result := _socket.bind(0, "*", _RECEIVE_BUFFER)
	state = State.OPEN if result == OK else State.FAILED
	return result
