extends RefCounted
## Direct paths of one membership: who is offered what, and what comes from where.
##
## Nothing happens before [method seek].

const Constants := preload("../../wire/constants.gd")
const DirectDatagram := preload("direct_datagram.gd")
const DirectPeer := preload("direct_peer.gd")
const DirectPaths := preload("direct_paths.gd")
const Event := preload("../event.gd")
const Membership := preload("../membership.gd")

const _HOST := 1

## Paths are looked for.
var is_seeking := false

var _membership: Membership
var _paths: DirectPaths
var _found: Dictionary[String, int] = {}  # CandidateKind by address
var _shares_socket := false
var _seen_revision := -1
var _seen: Dictionary[int, int] = {}  # restarts of the members of that revision
var _now := 0.0


## What happens is appended to [param events]; [param relay] is the relay's address.
func _init(
	membership: Membership, random_bytes: Callable, events: Array[Event], relay: String
) -> void:
	_membership = membership
	var own := membership.grant.number(&"peer")
	var largest := membership.grant.number(&"max_datagram")
	_paths = DirectPaths.new(own, largest, random_bytes, events, relay)


## Offers [param found], the CandidateKind by address, the better first, and looks for direct paths
## from now on. With [param shares_socket] direct datagrams take the socket of those to the relay,
## so that the address the relay sees is offered, too.
func seek(found: Dictionary[String, int], shares_socket: bool, now: float) -> void:
	if not is_seeking:
		is_seeking = true
		_paths.on_changed = _change
		_paths.on_doubt = _doubt
		_membership.on_signal = _receive_signal
	_found = found
	_shares_socket = shares_socket
	flush(now)


## Returns the address to which data for a peer goes; empty: over the relay.
func path(peer: int) -> String:
	return _paths.path(peer)


## Acts upon a SEAL datagram that did not come from the relay; returns why not, or an empty name.
func receive_seal(data: PackedByteArray, source: String, now: float) -> StringName:
	_now = now
	return _paths.receive_seal(data, source, now)


## Notes that DATA or FRAME of [param peer] with [param tag] came from [param source], which is not
## the relay; returns why it is not to be acted upon, or an empty name.
func hear_data(peer: int, source: String, tag: int, now: float) -> StringName:
	if not is_seeking:
		return Constants.DROP_UNEXPECTED_SOURCE
	var known: DirectPeer = _paths.peers.get(peer)
	return known.hear_data(source, tag, now) if known != null else Constants.DROP_UNKNOWN_PEER


## Tells, once, that data has begun to flow directly: a path that it takes is checked more often.
func take_flow() -> bool:
	var has_begun := _paths.has_flow_begun
	_paths.has_flow_begun = false
	return has_begun


## Returns when [method handle_timeout] has work, clock seconds; INF when never.
func next_timeout() -> float:
	return _paths.next_timeout() if is_seeking else INF


## Does what is due.
func handle_timeout(now: float) -> void:
	if is_seeking:
		_now = now
		_paths.handle_timeout(now)
		flush(now)


## Follows the roster and the own address; signals what is to be signaled.
func flush(now: float) -> void:
	if not is_seeking:
		return
	_now = now
	_follow(now)
	_paths.offer(_candidates(), now)
	_paths.rtt = maxf(_membership.pings.rtt.smoothed, 0.0)
	var signals := _paths.signals_to_send(now)
	for peer in signals:
		_membership.send_signal(peer, signals[peer])


## Drains what goes to addresses of peers.
func datagrams_to_send() -> Array[DirectDatagram]:
	var datagrams: Array[DirectDatagram] = []
	_paths.move_datagrams(datagrams)
	return datagrams


func _candidates() -> Dictionary[String, int]:
	if not _shares_socket:
		return _found
	var mapped := _membership.mapped
	var candidates: Dictionary[String, int] = {}
	if not _found.has(mapped):
		candidates[mapped] = Constants.CandidateKind.REFLEXIVE
	candidates.merge(_found)
	candidates[mapped] = Constants.CandidateKind.REFLEXIVE
	return candidates


func _receive_signal(peer: int, data: PackedByteArray, now: float) -> StringName:
	_now = now
	_follow(now)
	return _paths.receive_signal(peer, data, now)


## Takes in who came and who left.
func _follow(now: float) -> void:
	var roster := _membership.roster
	if roster.revision == _seen_revision:
		return
	_seen_revision = roster.revision
	var peers: Array[int] = roster.peers.keys().filter(_may_signal)
	peers.sort()
	for peer: int in _paths.peers.keys():
		if peer not in peers or roster.restarts[peer] != _seen.get(peer):
			_paths.forget(peer)
	_seen = roster.restarts.duplicate()
	for peer in peers:
		_paths.welcome(peer, now)
	_offer_posting()


func _may_signal(peer: int) -> bool:
	var own := _membership.grant.number(&"peer")
	var is_star := _membership.grant.number(&"topology") == Constants.Topology.STAR
	return peer != own and (not is_star or _HOST in [peer, own])


## Takes the mail as long as there is somebody to take it to, so that it costs nothing otherwise.
func _offer_posting() -> void:
	_membership.mail.post_directly(_paths.post if _paths.used else Callable())


func _change(peer: int) -> void:
	_offer_posting()
	_membership.mail.hub.change_path(peer, _now)


func _doubt(peer: int) -> void:
	_membership.mail.hub.doubt_path(peer, _now)
