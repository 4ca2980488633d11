extends "relay_link.gd"
## Another link, on which datagrams wait and get lost.

const Address := preload("../wire/address.gd")
const NetworkConditions := preload("../core/network_conditions.gd")
const NetworkSimulation := preload("../core/network_simulation.gd")
const RelayLink := preload("relay_link.gd")

const _MAX_TAKEN := 512  # datagrams that one poll takes from the link at most

var _link: RelayLink
var _out: NetworkSimulation
var _in: NetworkSimulation
var _arrived: Array[PackedByteArray] = []
var _next := 0  # of those that have arrived
var _random := RandomNumberGenerator.new()


func _init(link: RelayLink, conditions: NetworkConditions) -> void:
	_link = link
	_random.randomize()
	_out = NetworkSimulation.new(conditions, _random.randf)
	_in = NetworkSimulation.new(conditions, _random.randf)
	relay = link.relay
	source = relay
	overhead = link.overhead
	_follow()


func kind() -> Kind:
	return _link.kind()


func open(now: float) -> Error:
	var result := _link.open(now)
	_follow()
	return result


func poll(now: float) -> void:
	_link.poll(now)
	for _index in mini(_link.pending(), _MAX_TAKEN):
		var datagram := _link.receive()
		if datagram:
			_in.push(_wrap(datagram, _link.source), now)
	_arrived = _arrived.slice(_next)
	_next = 0
	_arrived.append_array(_in.take(now))
	for wrapped in _out.take(now):
		_send(wrapped)
	_follow()


## As in the base; what a network loses was sent all the same.
func send(datagram: PackedByteArray) -> bool:
	_out.push(_wrap(datagram, relay), Time.get_ticks_usec() / 1e6)
	return state == State.OPEN


func send_to(datagram: PackedByteArray, address: String) -> bool:
	_out.push(_wrap(datagram, address), Time.get_ticks_usec() / 1e6)
	return state == State.OPEN


func peer_port() -> int:
	return _link.peer_port()


func pending() -> int:
	return _arrived.size() - _next


func receive() -> PackedByteArray:
	_next += 1
	var wrapped := _arrived[_next - 1]
	source = _address_of(wrapped)
	return wrapped.slice(1 + wrapped[0])


func take_reopened() -> bool:
	return _link.take_reopened()


func close() -> void:
	_link.close()
	_follow()


func _send(wrapped: PackedByteArray) -> void:
	var datagram := wrapped.slice(1 + wrapped[0])
	if wrapped[0]:
		_link.send_to(datagram, _address_of(wrapped))
	else:
		_link.send(datagram)


## Puts the other side's address before a datagram, with its size; the relay's has none.
func _wrap(datagram: PackedByteArray, address: String) -> PackedByteArray:
	var encoded := PackedByteArray() if address == relay else Address.parse(address)
	return PackedByteArray([encoded.size()]) + encoded + datagram


func _address_of(wrapped: PackedByteArray) -> String:
	return Address.show(wrapped.slice(1, 1 + wrapped[0])) if wrapped[0] else relay


func _follow() -> void:
	state = _link.state
	error = _link.error
	dropped = _link.dropped
