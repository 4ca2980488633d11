extends RefCounted
## The fake relay behind a UDP socket of its own, for tests of the whole peer; speaks to one member.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const FakeRelay := preload("fake_relay.gd")
const Message := preload("res://addons/packhorse/wire/message.gd")

var relay := FakeRelay.new()
## Fields of GRANT that differ from the fake relay's own.
var grant_changes: Dictionary[StringName, Variant] = {}
## Members in the first roster.
var members: Array[int] = [1, 2]
## Seconds that the next CREATE or JOIN is told to wait; 0 grants it.
var pause := 0.0
## JOIN is answered by PENDING: the host decides.
var is_pending := false
## Code of ERROR in answer to CREATE and JOIN; 0 grants them.
var refusal := 0
## Requests that were told to wait.
var refused := 0
## SEAL messages of the member, PING left out.
var requests: Array[Message] = []
## DATA datagrams of the member.
var data: Array[PackedByteArray] = []

var _socket := PacketPeerUDP.new()


func _init() -> void:
	_socket.bind(0, "127.0.0.1")


## Returns the address for the member.
func address() -> String:
	return "127.0.0.1:%d" % _socket.get_local_port()


## Returns the SEAL messages of the member that have [param type].
func of_type(type: Constants.MessageType) -> Array[Message]:
	return requests.filter(func(message: Message) -> bool: return message.type == type)


## Answers what has come.
func poll() -> void:
	while _socket.get_available_packet_count() > 0:
		var datagram := _socket.get_packet()
		_socket.set_dest_address(_socket.get_packet_ip(), _socket.get_packet_port())
		match datagram[0]:
			Constants.FirstByte.CTRL:
				_answer(datagram)
			Constants.FirstByte.SEAL:
				_take(relay.read_seal(datagram))
			_:
				data.append(datagram)


## Sends a datagram to the member.
func send(datagram: PackedByteArray) -> void:
	_socket.put_packet(datagram)


func _answer(datagram: PackedByteArray) -> void:
	if FakeRelay.read_ctrl(datagram).type == Constants.MessageType.HELLO:
		send(FakeRelay.challenge(datagram))
		return
	if is_pending:
		send(FakeRelay.pending(datagram))
		return
	if refusal:
		send(FakeRelay.error(datagram, refusal))
		return
	if pause > 0.0:
		var fields: Dictionary[StringName, Variant] = {&"retry_after_ms": int(pause * 1000.0)}
		send(FakeRelay.error(datagram, Constants.ErrorCode.RATE_LIMITED, fields))
		pause = 0.0
		refused += 1
		return
	send(relay.grant(datagram, grant_changes))
	if members:
		send(relay.roster(2, members))


func _take(message: Message) -> void:
	if message.type == Constants.MessageType.PING:
		send(relay.pong(message.number(&"seq")))
	else:
		requests.append(message)
