extends "datagram_peer.gd"
## Base of [PackhorseMultiplayerPeer]: who this peer is, and which members of the room Godot knows.

const _HOST := 1

var _status := CONNECTION_DISCONNECTED
var _unique_id := 0
var _is_star := false
var _peers: Dictionary[int, bool] = {}  # announced to Godot; false when lost
var _unannounced: Array[int] = []  # known before CONNECTED
var _to_retract: Array[int] = []  # hidden; told on the next poll


func _get_connection_status() -> ConnectionStatus:
	return _status


func _get_unique_id() -> int:
	return _unique_id


func _is_server() -> bool:
	return _unique_id == _HOST


func _is_server_relay_supported() -> bool:
	return _is_star


func _put_packet_script(buffer: PackedByteArray) -> Error:
	if _status != CONNECTION_CONNECTED:
		return ERR_UNCONFIGURED
	if _target > 0 and not _peers.has(_target):
		return ERR_INVALID_PARAMETER
	return _outgoing.put(buffer, _target, _mode as Constants.Mode, _channel)


## A host removes the peer from the room. A client leaves when [param peer] is the host, else it
## hides the peer from the game.
func _disconnect_peer(peer: int, force: bool) -> void:
	if not _peers.has(peer):
		return
	if _unique_id == _HOST:
		_client.session.kick(peer, false, _now())
		if force:
			_hide(peer)
	elif peer != _HOST:
		_hide(peer)
		if not force:
			_to_retract.append(peer)
	elif force:
		_close()
	else:
		_client.session.leave(_now())


func _close() -> void:
	var client := _client
	_outgoing.close()
	_reset()
	if client != null:
		client.close(_now())


func _announce(peer: int) -> void:
	if _status != CONNECTION_CONNECTED:
		_unannounced.append(peer)
	elif _is_star and not _is_server() and peer != _HOST:
		return
	elif _is_server() and is_refusing_new_connections():
		_client.session.kick(peer, false, _now())
	else:
		_peers[peer] = true
		_outgoing.others.append(peer)
		peer_connected.emit(peer)


func _retract(peer: int) -> void:
	_discard(peer)
	var place := _outgoing.others.find(peer)
	if place >= 0:
		_outgoing.others.remove_at(place)
	if _peers.erase(peer):
		peer_disconnected.emit(peer)


## The peer stays in the room, so that a broadcast still reaches it.
func _hide(peer: int) -> void:
	_peers.erase(peer)
	_discard(peer)


func _tell_retracted() -> void:
	var peers := _to_retract
	_to_retract = []
	for peer in peers:
		peer_disconnected.emit(peer)


func _reset() -> void:
	_client = null
	_status = CONNECTION_DISCONNECTED
	_unique_id = 0
	_peers.clear()
	_unannounced.clear()
	_to_retract.clear()
	_inbox.clear()
	_taken = 0
	_taken_bytes = 0
	_outgoing.close()


func _now() -> float:
	return Time.get_ticks_usec() / 1e6
