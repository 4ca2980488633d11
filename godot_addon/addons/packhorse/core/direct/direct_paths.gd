extends RefCounted
## Direct paths to all peers of a member: offers own addresses, checks theirs, and carries data to
## those that answer.

const Constants := preload("../../wire/constants.gd")
const DirectDatagram := preload("direct_datagram.gd")
const DirectPeer := preload("direct_peer.gd")
const Event := preload("../event.gd")
const Header := preload("../../wire/header.gd")
const OfferedAddresses := preload("../../wire/offered_addresses.gd")
const Offers := preload("offers.gd")
const RateBudget := preload("rate_budget.gd")

const _SIGNAL_BURST := 2 * Constants.SIGNAL_RATE + 1

## Round-trip time to the relay, seconds.
var rtt := 0.0
## Those to whom paths are looked for.
var peers: Dictionary[int, DirectPeer] = {}
## Peers that are reached directly.
var used := 0
## Data has begun to flow to somebody.
var has_flow_begun := false
## Called with each peer whose path is another one now.
var on_changed := Callable()
## Called with each peer whose path has fallen silent while it was used.
var on_doubt := Callable()

var _own_peer: int
var _largest: int
var _random_bytes: Callable
var _events: Array[Event]  # the session's own array
var _relay: String
# The checks of all peers together: whom a peer names may be its victim.
var _budget := RateBudget.new(Constants.CHECK_RATE, Constants.CHECK_BURST)
var _by_connection: Dictionary[int, int] = {}
var _candidates := PackedByteArray()
var _signals := RateBudget.new(Constants.SIGNAL_RATE, _SIGNAL_BURST)


## Begins without peers; [param largest] is in bytes, of a datagram. What happens is appended to
## [param events]. [param relay] is its address.
func _init(
	own_peer: int, largest: int, random_bytes: Callable, events: Array[Event], relay: String
) -> void:
	_own_peer = own_peer
	_largest = largest
	_random_bytes = random_bytes
	_events = events
	_relay = relay


## Tells all peers where this member may be reached: the CandidateKind by address.
func offer(candidates: Dictionary[String, int], now: float) -> void:
	var encoded := OfferedAddresses.encode(candidates)
	if encoded == _candidates:
		return
	_candidates = encoded
	for peer in peers:
		peers[peer].offer(encoded, now)


## Begins to look for a path to a peer.
func welcome(peer: int, now: float) -> void:
	if peers.has(peer):
		return
	peers[peer] = DirectPeer.new(_own_peer < peer, _relay, _budget, _largest, _random_bytes)
	_by_connection[peers[peer].offers.own.connection] = peer
	if _candidates:
		peers[peer].offer(_candidates, now)


## Drops all state towards a peer that has left.
func forget(peer: int) -> void:
	if not peers.has(peer):
		return
	used -= int(peers[peer].used != null)
	_by_connection.erase(peers[peer].offers.own.connection)
	peers.erase(peer)


## Returns the address to which data for a peer goes; empty: over the relay.
func path(peer: int) -> String:
	if not peers.has(peer) or peers[peer].used == null:
		return ""
	return peers[peer].used.address


## Acts upon what a peer has signaled; returns why not, or an empty name.
func receive_signal(peer: int, data: PackedByteArray, now: float) -> StringName:
	if not peers.has(peer):
		return Constants.DROP_UNKNOWN_PEER
	var message := Offers.decode(data)
	if message.drop:
		return message.drop
	var before := path(peer)
	var connection := peers[peer].offers.own.connection
	var drop := peers[peer].receive_offer(message, rtt, now)
	_by_connection.erase(connection)
	_by_connection[peers[peer].offers.own.connection] = peer
	_tell_change(peer, before)
	return drop


## Acts upon a SEAL datagram that did not come from the relay; returns why not, or an empty name.
func receive_seal(data: PackedByteArray, source: String, now: float) -> StringName:
	var peer: int = _by_connection.get(Header.word_of(data), 0)
	if not peer:
		return Constants.DROP_UNKNOWN_SESSION
	var before := path(peer)
	var drop := peers[peer].receive_seal(data, source, now)
	_tell_change(peer, before)
	return drop


## Sends a DATA or FRAME datagram to the relay directly instead, as far as that may be; [param to]
## is its destination, [param receivers] are whom that names. Tells that the relay need not carry
## it.
func post(datagram: PackedByteArray, to: int, receivers: Array[int], now: float) -> bool:
	var is_trusted := not receivers.is_empty()
	for peer in receivers:
		var known: DirectPeer = peers.get(peer)
		if known == null or known.used == null:
			return false
		is_trusted = is_trusted and known.used.is_trusted(now)
	if is_trusted or datagram[0] == Constants.FirstByte.FRAME:
		var word := _own_peer if to > 0 else _own_peer | Constants.FANOUT_BIT
		for peer in receivers:
			has_flow_begun = peers[peer].post(datagram, word, now) or has_flow_begun
	return is_trusted


## Returns when [method handle_timeout] or [method signals_to_send] has work, clock seconds; INF
## when never.
func next_timeout() -> float:
	var deadline := INF
	for peer in peers:
		var signal_at := maxf(peers[peer].offers.due, _signals.ready_at())
		deadline = minf(deadline, minf(signal_at, peers[peer].next_timeout()))
	return deadline


## Does what is due, first for the peer whose addresses were not checked for longest.
func handle_timeout(now: float) -> void:
	for peer in _sorted(func(peer: int) -> float: return peers[peer].served_at):
		var before := path(peer)
		if peers[peer].handle_timeout(rtt, now):
			on_doubt.call(peer)
		_tell_change(peer, before)


## Returns the data of the signals that go out now, by peer; those that wait longest go first.
func signals_to_send(now: float) -> Dictionary[int, PackedByteArray]:
	var signals: Dictionary[int, PackedByteArray] = {}
	for peer in _sorted(func(peer: int) -> float: return peers[peer].offers.due):
		if now < maxf(peers[peer].offers.due, _signals.ready_at()):
			break
		signals[peer] = peers[peer].offers.take(now)
		_signals.take(now)
	return signals


## Moves to [param outbox] what goes to addresses of peers.
func move_datagrams(outbox: Array[DirectDatagram]) -> void:
	for peer in peers:
		peers[peer].move_datagrams(outbox)


## Returns the peers with the smallest [param key] first, and else in their order.
func _sorted(key: Callable) -> Array[int]:
	var found: Array[int] = []
	for peer in peers:
		var place := found.size()
		while place > 0 and key.call(found[place - 1]) > key.call(peer):
			place -= 1
		found.insert(place, peer)
	return found


## Tells that data for a peer takes another path than [param before].
func _tell_change(peer: int, before: String) -> void:
	var address := path(peer)
	if address == before:
		return
	used += int(not address.is_empty()) - int(not before.is_empty())
	on_changed.call(peer)
	_events.append(Event.peer_path_changed(peer, address))
