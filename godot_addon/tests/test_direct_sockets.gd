extends "res://tests/test_case.gd"
## Sockets that carry datagrams to the relay and to peers.

const DirectSocket := preload("res://addons/packhorse/net/direct_socket.gd")
const NetworkConditions := preload("res://addons/packhorse/core/network_conditions.gd")
const Reach := preload("res://addons/packhorse/net/reach.gd")
const RelayAddress := preload("res://addons/packhorse/core/relay_address.gd")
const RelayLink := preload("res://addons/packhorse/net/relay_link.gd")
const SimulatedLink := preload("res://addons/packhorse/net/simulated_link.gd")
const UdpLink := preload("res://addons/packhorse/net/udp_link.gd")

var _relay := PacketPeerUDP.new()
var _other := PacketPeerUDP.new()
var _link: UdpLink


func _init() -> void:
	_relay.bind(0, "127.0.0.1")
	_other.bind(0, "127.0.0.1")
	_link = UdpLink.new("127.0.0.1", _relay.get_local_port())
	_link.open(0.0)


## Returns the first byte of the next datagram; the test's deadline ends the waiting.
func _arrived(socket: PacketPeerUDP) -> int:
	while socket.get_available_packet_count() == 0:
		await tree.process_frame
	return socket.get_packet()[0]


func _peer_address() -> String:
	return "127.0.0.1:%d" % _other.get_local_port()


func test_one_socket_carries_datagrams_to_the_relay_and_to_peers() -> void:
	_link.send(PackedByteArray([1]))
	_link.send_to(PackedByteArray([2]), _peer_address())
	_link.send(PackedByteArray([3]))

	assert_eq([await _arrived(_relay), await _arrived(_relay)], [1, 3], "to the relay")
	assert_eq(await _arrived(_other), 2, "to the peer")
	assert_eq(_other.get_packet_port(), _link.peer_port(), "from the same port")


func test_source_tells_the_relay_from_peers() -> void:
	for socket: PacketPeerUDP in [_relay, _other]:
		socket.set_dest_address("127.0.0.1", _link.peer_port())
		socket.put_packet(PackedByteArray([7]))
		while _link.pending() == 0:
			await tree.process_frame
		_link.receive()
		assert_eq(_link.source, "127.0.0.1:%d" % socket.get_local_port(), "source")


func test_socket_for_peers_alone_reaches_both_families() -> void:
	var socket := DirectSocket.new()
	assert_eq(socket.open(0.0), OK, "opened")
	socket.send_to(PackedByteArray([4]), _peer_address())

	assert_eq(await _arrived(_other), 4, "IPv4")
	assert_true(socket.peer_port() > 0, "port")
	socket.close()
	assert_eq(socket.peer_port(), 0, "closed")


func test_simulated_network_holds_datagrams_to_and_from_peers_back_too() -> void:
	var conditions := NetworkConditions.new()
	conditions.latency = 0.1
	var link := SimulatedLink.new(_link, conditions)
	var start := Time.get_ticks_usec() / 1e6
	link.poll(start - 1.0)
	link.send_to(PackedByteArray([5]), _peer_address())
	link.poll(start + 0.09)
	assert_eq(_other.get_available_packet_count(), 0, "early")
	link.poll(start + 5.0)
	assert_eq(await _arrived(_other), 5, "in time")

	_other.set_dest_address("127.0.0.1", link.peer_port())
	_other.put_packet(PackedByteArray([6]))
	while _link.pending() == 0:
		await tree.process_frame
	link.poll(start + 6.0)
	link.poll(start + 6.2)
	assert_eq(link.pending(), 1, "pending")
	assert_eq(link.receive(), PackedByteArray([6]), "datagram")
	assert_eq(link.source, _peer_address(), "source")


func test_link_without_udp_sends_nothing_to_peers() -> void:
	var link := RelayLink.new()

	assert_true(not link.send_to(PackedByteArray([1]), _peer_address()), "refused")
	assert_eq(link.peer_port(), 0, "port")


func test_no_direct_paths_in_a_browser_and_where_they_are_not_wanted() -> void:
	var address := RelayAddress.parse("relay.example.org")
	var reach := Reach.new(address, false)

	assert_true(reach.may_be_direct(), "native")
	reach.is_relay_only = true
	assert_true(not reach.may_be_direct(), "not wanted")
	assert_true(not Reach.new(address, true).may_be_direct(), "browser")
