extends RefCounted
## The delivery layer of one member: one state towards each peer, one towards all.
##
## Source: protocol_spec/SPEC.md section 16.

const Allowance := preload("allowance.gd")
const Constants := preload("../../wire/constants.gd")
const Cutter := preload("cutter.gd")
const Delivered := preload("delivered.gd")
const FanoutReceiver := preload("fanout_receiver.gd")
const FanoutSender := preload("fanout_sender.gd")
const FrameDecoder := preload("../../wire/frame_decoder.gd")
const Frames := preload("../../wire/frames.gd")
const Header := preload("../../wire/header.gd")
const MemoryBudget := preload("memory_budget.gd")
const PeerDelivery := preload("peer_delivery.gd")

const _MAX_PARTS := 65535
const _NOTHING: Array[PackedByteArray] = []

## Nothing goes out before it, clock seconds.
var wake_at := INF
## Bytes that a message of every mode may have.
var largest_unreliable: int
## Peers of whom the application has been told, to which alone it sends.
var told: Dictionary[int, bool] = {}

var _tag: int
var _max_payload: int
var _own_id: int
var _restarts: Dictionary[int, int]  # the roster's own dictionary
var _budget := MemoryBudget.new(Constants.REASSEMBLY_TOTAL)
var _allowance := Allowance.new()
var _peers: Dictionary[int, PeerDelivery] = {}
var _sending: Dictionary[int, PeerDelivery] = {}  # those of _peers in told
var _fanout_sender: FanoutSender
var _fanout_receivers: Dictionary[int, FanoutReceiver] = {}
var _decoder := FrameDecoder.new()
var _heads: Dictionary[int, PackedByteArray] = {}  # by destination


## Makes datagrams of the session with [param tag], with at most [param max_payload] bytes behind
## the header; [param restarts] say how often each member was restarted, [param own_id] included.
func _init(tag: int, max_payload: int, own_id := 0, restarts: Dictionary[int, int] = {}) -> void:
	_tag = tag
	_own_id = own_id
	_restarts = restarts
	_max_payload = max_payload
	_fanout_sender = FanoutSender.new(max_payload)
	largest_unreliable = largest_message(Constants.Mode.UNRELIABLE)


## Makes datagrams of another tag from now on.
func change_tag(tag: int) -> void:
	_tag = tag
	_heads.clear()


## Counts the restarts of this member in what goes to several from now on.
func take_restarts() -> void:
	_fanout_sender.prefix = _count(_own_id) << Frames.GENERATION_SHIFT


## Sends no more reliable frames than the relay allows, bytes and datagrams a second.
func keep_to(octets: int, datagrams: int) -> void:
	_allowance.limit(octets, datagrams)


## Tells whether the send buffer towards a peer has room.
func may_push(peer: int) -> bool:
	return not _peers.has(peer) or _peers[peer].outgoing.has_room()


## Returns the bytes that a message of [param mode] may have.
func largest_message(mode: int) -> int:
	var limit := Constants.MAX_UNRELIABLE_MESSAGE
	if mode >= Constants.Mode.RELIABLE:
		limit = Constants.MAX_RELIABLE_MESSAGE
	return mini(limit, Cutter.largest_piece(_max_payload) * _MAX_PARTS)


## Queues a message to one peer; false when the send buffer towards it has no room.
func push(data: PackedByteArray, peer: int, mode: int, channel: int, now: float) -> bool:
	var delivery := woken(peer, now)
	if mode >= Constants.Mode.RELIABLE and not delivery.outgoing.has_room():
		return false
	delivery.push(data, mode, channel)
	return true


## Queues an unreliable message to a destination that names several peers.
func push_fanout(data: PackedByteArray, to: int, mode: int, channel: int) -> void:
	wake_at = -INF
	_fanout_sender.push(data, to, mode, channel)


## Queues frames of unreliable messages, at most [method largest_piece] bytes that stay together, to
## peer [param to] or to a destination that names several.
func push_frames(frames: PackedByteArray, to: int, now: float) -> void:
	if to > 0:
		woken(to, now).push_frames(frames)
	else:
		wake_at = -INF
		_fanout_sender.push_frames(frames, to)


## Returns the datagram of such frames when it would carry nothing else; empty when they have to go
## by [method push_frames].
func lone_datagram(frames: PackedByteArray, to: int, now: float) -> PackedByteArray:
	var head: PackedByteArray = _heads[to] if _heads.has(to) else _head(to)
	if to <= 0:
		return _fanout_sender.lone_datagram(head, frames)
	var delivery: PeerDelivery = _sending.get(to)
	return delivery.lone_datagram(head, frames, now) if delivery != null else PackedByteArray()


## Returns the next sequence of each unreliable lane to [param to], by its key.
func sequences(to: int, now: float) -> Dictionary[int, int]:
	if to <= 0:
		return _fanout_sender.sequences
	if not _sending.has(to):
		if not told.has(to):
			return {}
		_begin(to, now)
	return _sending[to].outgoing.sequences


## Returns the bytes of one piece of a message.
func largest_piece() -> int:
	return Cutter.largest_piece(_max_payload)


## Measures the RTT to a peer.
func ping(peer: int, now: float) -> void:
	woken(peer, now).ping()


## Notes that the application has taken [param messages] reliable ones of [param peer], of
## [param size] bytes together.
func consume(peer: int, size: int, messages: int) -> void:
	if _peers.has(peer):
		_peers[peer].consume(size, messages)
		wake_at = minf(wake_at, _peers[peer].wake_at)


## Takes in a FRAME datagram from a peer and adds the messages that it completes to
## [param delivered]; returns why it was not acted upon, or an empty name.
func receive(datagram: PackedByteArray, peer: int, delivered: Delivered, now: float) -> StringName:
	if datagram[2] & 0x80:  # as Header.is_fanout(), which costs a call
		return _receive_fanout(datagram, peer, delivered, now)
	var delivery: PeerDelivery = _peers[peer] if _peers.has(peer) else _begin(peer, now)
	var drop := &""
	if not delivery.receive_lone(datagram, delivered, now):
		if not _decoder.decode(datagram, Constants.HEADER_SIZE):
			return Constants.DROP_BAD_FRAME
		drop = delivery.receive(_decoder, delivered, now)
	wake_at = minf(wake_at, delivery.wake_at)
	return drop


## Returns the state towards a peer, which is looked after in the next datagrams_to_send().
func woken(peer: int, now: float) -> PeerDelivery:
	var delivery: PeerDelivery = _peers[peer] if _peers.has(peer) else _begin(peer, now)
	delivery.wake_at = -INF
	wake_at = -INF
	return delivery


## Returns the state towards a peer; null when nothing was sent or received yet.
func peer_delivery(peer: int) -> PeerDelivery:
	return _peers.get(peer)


## Returns the reliable payload that waits for all peers, bytes.
func queued_bytes() -> int:
	var sum := 0
	for peer in _peers:
		sum += _peers[peer].outgoing.queued_bytes
	return sum


## Tells whether everything reliable was acknowledged by every peer.
func is_idle() -> bool:
	for peer in _peers:
		if not _peers[peer].is_idle():
			return false
	return true


## Forgets what was measured towards a peer (protocol_spec/SPEC.md section 16.16).
func change_path(peer: int, now: float) -> void:
	if _peers.has(peer):
		woken(peer, now).change_path(now)


## Sends a peer everything under way again: its path has fallen silent.
func doubt_path(peer: int, now: float) -> void:
	if _peers.has(peer):
		woken(peer, now).doubt_path(now)


## Notes that the application has been told of a peer.
func note_told(peer: int) -> void:
	told[peer] = true
	if _peers.has(peer):
		_sending[peer] = _peers[peer]


## Drops all state towards a peer that has left.
func forget(peer: int) -> void:
	told.erase(peer)
	_sending.erase(peer)
	_heads.erase(peer)
	_heads.erase(-peer)
	if _peers.has(peer):
		_peers[peer].close()
		_peers.erase(peer)
	if _fanout_receivers.has(peer):
		_fanout_receivers[peer].close()
		_fanout_receivers.erase(peer)


## Does what is due and returns the FRAME datagrams that go out now.
func datagrams_to_send(now: float) -> Array[PackedByteArray]:
	if now < wake_at:
		return _NOTHING
	var datagrams: Array[PackedByteArray] = []
	if _fanout_sender.has_work():
		_fanout_sender.datagrams_to_send(_head, datagrams)
	wake_at = INF
	for peer in _peers:
		var delivery := _peers[peer]
		if delivery.wake_at <= now:
			delivery.handle_timeout(now)
			delivery.datagrams_to_send(_head(peer), datagrams, now)
		wake_at = minf(wake_at, delivery.wake_at)
	return datagrams


func _receive_fanout(
	datagram: PackedByteArray, peer: int, delivered: Delivered, now: float
) -> StringName:
	var receiver: FanoutReceiver = _fanout_receivers.get(peer)
	if receiver != null and receiver.receive_lone(datagram, delivered, now):
		return &""
	if not _decoder.decode(datagram, Constants.HEADER_SIZE):
		return Constants.DROP_BAD_FRAME
	if receiver == null:
		receiver = FanoutReceiver.new(_budget, _count(peer))
		_fanout_receivers[peer] = receiver
	return receiver.receive(_decoder, delivered, now)


func _begin(peer: int, now: float) -> PeerDelivery:
	var generation := (_count(_own_id) + _count(peer)) % Constants.GENERATIONS
	var delivery := PeerDelivery.new(_max_payload, _budget, now, _allowance, generation)
	_peers[peer] = delivery
	if told.has(peer):
		_sending[peer] = delivery
	return delivery


## Returns how often a member was restarted.
func _count(peer: int) -> int:
	return _restarts.get(peer, 0)


func _head(destination: int) -> PackedByteArray:
	if not _heads.has(destination):
		var first_byte := Constants.FirstByte.FRAME
		_heads[destination] = Header.encode_destination(first_byte, _tag, destination)
	return _heads[destination]
