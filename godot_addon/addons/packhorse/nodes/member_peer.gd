extends "datagram_peer.gd"
## Base of [PackhorseMultiplayerPeer]: who this peer is, and which members of the room Godot knows.

const Statistics := preload("../core/statistics.gd")

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
	_lock.lock()
	if not _outgoing.is_flush_queued or _outgoing.is_frame_over:
		_end_frame.call_deferred()
	var error := _outgoing.put(buffer, _target, _mode as Constants.Mode, _channel)
	_lock.unlock()
	return error


## A host removes the peer from the room. A client leaves when [param peer] is the host, else it
## hides the peer from the game.
func _disconnect_peer(peer: int, force: bool) -> void:
	_lock.lock()
	if _peers.has(peer):
		_part_from(peer, force)
	_lock.unlock()


func _part_from(peer: int, force: bool) -> void:
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
	_lock.lock()
	var client := _client
	_outgoing.close()
	_reset()
	if client != null:
		client.close(_now())
	_lock.unlock()


## Becomes a member of the room that was entered; returns its code, or nothing when the session has
## ended since, which the game is told of next.
func _open_room() -> String:
	_lock.lock()
	var session := _client.session
	var mail := session.mail()
	if mail != null:
		_unique_id = session.peer_id()
		_is_star = session.topology() == Constants.Topology.STAR
		_status = CONNECTION_CONNECTED
		_has_entered = true
		mail.hand_to(_arrived, _peers)
		_outgoing.open(_client, _is_star and not _is_server())
		_outgoing.is_paced = _turn != null
	_lock.unlock()
	return session.code() if mail != null else ""


func _is_lost(peer: int) -> bool:
	_lock.lock()
	var is_lost: bool = _client.session.roster().get(peer) == Constants.PeerState.LOST
	_lock.unlock()
	return is_lost


func _announce(peer: int) -> void:
	if _status != CONNECTION_CONNECTED:
		_unannounced.append(peer)
	elif _is_star and not _is_server() and peer != _HOST:
		return
	elif _take_in(peer):
		peer_connected.emit(peer)


## Has to do with a peer from now on; a host that wants no more removes it instead: false.
func _take_in(peer: int) -> bool:
	_lock.lock()
	var is_welcome := not (_is_server() and is_refusing_new_connections())
	if is_welcome:
		_peers[peer] = true
		_outgoing.others.append(peer)
	else:
		_client.session.kick(peer, false, _now())
	_lock.unlock()
	return is_welcome


func _retract(peer: int) -> void:
	_unannounced.erase(peer)
	_lock.lock()
	_discard(peer)
	var place := _outgoing.others.find(peer)
	if place >= 0:
		_outgoing.others.remove_at(place)
	var was_known := _peers.erase(peer) or peer in _to_retract
	_to_retract.erase(peer)
	_lock.unlock()
	if was_known:
		peer_disconnected.emit(peer)


## The peer stays in the room, so that a broadcast still reaches it.
func _hide(peer: int) -> void:
	_peers.erase(peer)
	_discard(peer)


## Tells of the peers that the game has hidden, unless a handler closes this one.
func _tell_retracted() -> void:
	while _to_retract:
		var peer: int = _to_retract.pop_front()
		peer_disconnected.emit(peer)


## Returns numbers about a peer, and has it measured; none for whom is not there.
func _measure(peer: int) -> Dictionary[StringName, float]:
	var statistics: Dictionary[StringName, float] = {}
	_lock.lock()
	var mail := _mail()
	if mail != null and _peers.has(peer):
		mail.measure(peer, _now())
		var delivery := mail.hub.peer_delivery(peer)
		if delivery != null:  # else the peer has left, which the game is told of next
			statistics = Statistics.of_peer(delivery, mail.traffic(peer), _client.overhead())
	_lock.unlock()
	return statistics


## Returns numbers about the session.
func _count() -> Dictionary[StringName, float]:
	_lock.lock()
	var waiting := _inbox.waiting if _turn == null else _inbox.waiting + _arrived.waiting
	var statistics: Dictionary[StringName, float] = {
		&"packets_waiting": waiting, &"packets_refused": _outgoing.refused
	}
	if _client != null:
		_client.add_statistics(statistics)
	_lock.unlock()
	return statistics


func _reset() -> void:
	_stop_sharing()
	_client = null
	_status = CONNECTION_DISCONNECTED
	_unique_id = 0
	_peers.clear()
	_unannounced.clear()
	_to_retract.clear()
	_inbox.clear()
	_arrived = _inbox
	_taken = 0
	_taken_bytes = 0
	_outgoing.close()


func _now() -> float:
	return Time.get_ticks_usec() / 1e6
