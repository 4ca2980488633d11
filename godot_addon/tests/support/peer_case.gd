extends "res://tests/test_case.gd"
## Base of tests of a whole peer, with a fake relay on the loopback.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const FakeRelay := preload("res://tests/support/fake_relay.gd")
const Header := preload("res://addons/packhorse/wire/header.gd")
const UdpRelay := preload("res://tests/support/udp_relay.gd")
const CONNECTED := MultiplayerPeer.CONNECTION_CONNECTED
const DISCONNECTED := MultiplayerPeer.CONNECTION_DISCONNECTED
const ORDERED := MultiplayerPeer.TRANSFER_MODE_UNRELIABLE_ORDERED
const RELIABLE := MultiplayerPeer.TRANSFER_MODE_RELIABLE
const UNRELIABLE := MultiplayerPeer.TRANSFER_MODE_UNRELIABLE

var _relay := UdpRelay.new()
var _peer := PackhorseMultiplayerPeer.new()
var _told: Array[String] = []
var _states: Array[Array] = []  # status and own id at each peer_connected
var _closes_at_peer := false


func _init() -> void:
	_peer.peer_connected.connect(_on_peer_peer_connected)
	_peer.peer_disconnected.connect(_on_peer_peer_disconnected)
	_peer.peer_lost.connect(_on_peer_peer_lost)
	_peer.peer_found.connect(_on_peer_peer_found)
	_peer.room_created.connect(_on_peer_room_created)
	_peer.connection_error.connect(_on_peer_connection_error)


func _join() -> void:
	_peer.join_room(_relay.address(), FakeRelay.CODE)
	await _until(func() -> bool: return _peer.get_connection_status() == CONNECTED)


## Lets peer and relay run until [param condition] holds; the test's deadline ends it otherwise.
func _until(condition: Callable) -> void:
	while not condition.call():
		_relay.poll()
		if _peer != null:
			_peer.poll()
		await tree.process_frame
		_relay.poll()


func _leaves() -> Array[int]:
	var sequences: Array[int] = []
	for message in _relay.requests:
		if message.type == Constants.MessageType.LEAVE:
			sequences.append(message.number(&"seq"))
	return sequences


## Returns FRAME from [param source] with a payload in hexadecimal digits.
static func _frame(source: int, payload: String) -> PackedByteArray:
	var header := Header.encode(Constants.FirstByte.FRAME, FakeRelay.TAG, source)
	return header + payload.hex_decode()


func _on_peer_peer_connected(id: int) -> void:
	_told.append("+%d" % id)
	_states.append([_peer.get_connection_status(), _peer.get_unique_id()])
	if _closes_at_peer:
		_peer.close()


func _on_peer_peer_disconnected(id: int) -> void:
	_told.append("-%d" % id)


func _on_peer_peer_lost(id: int) -> void:
	_told.append("lost %d" % id)


func _on_peer_peer_found(id: int) -> void:
	_told.append("found %d" % id)


func _on_peer_room_created(code: String) -> void:
	_told.append(code)


func _on_peer_connection_error(error: PackhorseError) -> void:
	_told.append(error.name)
