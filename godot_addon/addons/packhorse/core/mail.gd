extends RefCounted
## Messages from and to the peers of the room: plain DATA, and the delivery layer in FRAME.

const Constants := preload("../wire/constants.gd")
const Delivered := preload("delivery/delivered.gd")
const EarlyData := preload("early_data.gd")
const Event := preload("event.gd")
const Header := preload("../wire/header.gd")
const Hub := preload("delivery/hub.gd")
const Inbox := preload("inbox.gd")
const Message := preload("../wire/message.gd")
const Roster := preload("roster.gd")
const SendQueues := preload("delivery/outgoing.gd")
const Strangers := preload("strangers.gd")
const Traffic := preload("monitoring/traffic.gd")

const MAX_CHANNEL := 255
## Reliable messages that the application has not taken; no FRAME is taken in beyond it, so that
## the senders repeat them later.
const MAX_UNREAD := 4096

const _MEASURE_INTERVAL := 1.0  # seconds
const _LARGEST_PEER := 0x7FFFFFFF
const _MAX_HEADS := 256  # headers kept for destinations; more are made anew

## Who may not know this member yet; null to take what they send to several.
var strangers: Strangers = null
## Bytes of one piece of a message.
var largest_piece: int
## Bytes that one DATA datagram carries.
var largest_plain: int
## The delivery layer.
var hub: Hub
## Nothing is taken in and nothing goes out any more: this side is leaving, or all has ended.
var is_closed := false
## The one peer of whom the application has not been told yet; 0 for none or several.
var unknown_peer := 0
## Datagrams are looked at before they leave: counted, or sent directly.
var is_watching := false

var _roster: Roster
var _peers: Dictionary[int, int]  # the roster's own dictionary
var _events: Array[Event]  # the session's own array
var _drops: Dictionary[StringName, int]  # the session's own dictionary
var _own_id: int
var _inbox: Inbox = null
var _known: Dictionary[int, bool] = {}  # the application's own dictionary
var _settled: Dictionary[int, bool] = {}  # whose datagrams need no look but at _events and _known
var _told: Dictionary[int, bool]  # the hub's own dictionary
var _news: Dictionary[int, Event] = {}  # of peers, not handed to the application yet
var _early := EarlyData.new()
var _delivered := Delivered.new()
var _unread := 0
var _measured_at: Dictionary[int, float] = {}
var _traffic: Dictionary[int, Traffic] = {}
var _tag: int
var _heads: Dictionary[int, PackedByteArray] = {}  # of DATA, by destination
var _is_counting := false
var _post_directly := Callable()
var _has_direct_paths := false


## Starts with GRANT; messages are appended to [param events].
func _init(
	grant: Message, roster: Roster, events: Array[Event], drops: Dictionary[StringName, int]
) -> void:
	_roster = roster
	_peers = roster.peers
	_events = events
	_drops = drops
	_own_id = grant.number(&"peer")
	_tag = grant.number(&"tag")
	largest_plain = grant.number(&"max_datagram") - Constants.HEADER_SIZE
	hub = Hub.new(_tag, largest_plain, _own_id, roster.restarts)
	_told = hub.told
	largest_piece = hub.largest_piece()


## Goes on under the tag of a GRANT that answered BIND; nothing under way is lost.
func begin_epoch(grant: Message) -> void:
	_tag = grant.number(&"tag")
	_heads.clear()
	hub.change_tag(_tag)


## Queues a message to [param to] (0 all others, n, -n all but n) for [method datagrams_to_send].
##
## Returns [constant @GlobalScope.ERR_INVALID_PARAMETER] when it is too large or the channel is not
## 0..255, [constant @GlobalScope.ERR_OUT_OF_MEMORY] when too much that is reliable waits for one of
## the receivers; then nothing is sent to any of them. Peers of whom the application has not been
## told are no receivers: what it sends now is not meant for them.
func push(data: PackedByteArray, to: int, mode: Constants.Mode, channel: int, now: float) -> Error:
	if data.size() > hub.largest_unreliable and data.size() > hub.largest_message(mode):
		return ERR_INVALID_PARAMETER
	if channel < 0 or channel > MAX_CHANNEL:
		return ERR_INVALID_PARAMETER
	if to > 0:
		var is_taken := not _told.has(to) or hub.push(data, to, mode, channel, now)
		return OK if is_taken else ERR_OUT_OF_MEMORY
	if mode < Constants.Mode.RELIABLE:
		hub.push_fanout(data, narrowed(to), mode, channel)
		return OK
	var receivers := _receivers(to)
	for peer in receivers:
		if not hub.may_push(peer):
			return ERR_OUT_OF_MEMORY
	for peer in receivers:
		hub.push(data, peer, mode, channel, now)
	return OK


## Returns the DATA datagram that carries [param data] to [param to] (0 all others, n, -n all but
## n); empty when it cannot: wrong size, or no such destination.
func plain_datagram(data: PackedByteArray, to: int) -> PackedByteArray:
	if not data or data.size() > largest_plain:
		return PackedByteArray()
	var head: PackedByteArray = _heads[to] if _heads.has(to) else _new_head(to)
	return head + data if head else head


## Returns a destination that leaves out [member unknown_peer], where one can: instead of 0.
func narrowed(to: int) -> int:
	return to if to else -unknown_peer


## Returns what waits to be sent to a peer, to be added to before the next
## [method datagrams_to_send]; null when nothing is to be sent to it.
func queue_to(peer: int, now: float) -> SendQueues:
	return hub.woken(peer, now).outgoing if _told.has(peer) else null


## Queues frames of unreliable messages, at most [member largest_piece] bytes that stay together;
## [param to] as in [method push].
func push_frames(frames: PackedByteArray, to: int, now: float) -> void:
	if to <= 0 or _told.has(to):
		hub.push_frames(frames, to, now)


## Measures the round-trip time to a peer, end to end, once a second at most.
func measure(peer: int, now: float) -> void:
	if _roster.peers.has(peer) and now >= _measured_at.get(peer, -INF) + _MEASURE_INTERVAL:
		_measured_at[peer] = now
		hub.ping(peer, now)


## Returns what went to a peer alone and came from it, since this was first asked of any peer:
## counting takes a tenth of what handling a datagram takes.
func traffic(peer: int) -> Traffic:
	_is_counting = true
	_settled.clear()
	is_watching = true
	if not _traffic.has(peer):
		_traffic[peer] = Traffic.new()
	return _traffic[peer]


## Hands messages to [param inbox] from now on, and throws those away that come from peers not in
## [param known]. Only those that have to wait for earlier events still become events.
func hand_to(inbox: Inbox, known: Dictionary[int, bool]) -> void:
	_inbox = inbox
	_inbox.drops = _drops
	_known = known


## Notes that the application has taken or thrown away [param messages] reliable ones of
## [param peer], of [param size] bytes together; every one has to be told.
func consume(peer: int, size: int, messages := 1) -> void:
	_unread -= messages
	hub.consume(peer, size, messages)


## Hands on what a DATA or FRAME datagram, whose tag has been checked, brings; returns why it
## brings nothing, or an empty name.
func receive(datagram: PackedByteArray, source: int, now: float) -> StringName:
	if _events or not _settled.has(source) or not _known.has(source):
		return _receive_unsettled(datagram, source, now)
	_inbox.source = source
	if datagram[0] != Constants.FirstByte.DATA:
		return _open(datagram, source, _inbox, now)
	_inbox.add(datagram.slice(Constants.HEADER_SIZE), 0)
	return &""


## Hands on what came before the news of a peer, which the application hears of later.
func welcome(news: Event, now: float) -> void:
	_news[news.peer] = news
	_take_unknown()
	for datagram in _early.release(news.peer):
		var drop := receive(datagram, news.peer, now)
		if drop:
			_count_drop(drop)


## Notes that the application is told of a peer, to which it may send from now on.
func note_told(news: Event) -> void:
	if _news.get(news.peer) == news:  # else the peer has left since
		_news.erase(news.peer)
		_take_unknown()
		hub.note_told(news.peer)


## Drops all state towards a peer that has left.
func forget(peer: int) -> void:
	hub.forget(peer)
	_news.erase(peer)
	_take_unknown()
	_heads.erase(peer)
	_settled.erase(peer)
	_traffic.erase(peer)
	_measured_at.erase(peer)
	if strangers != null:
		strangers.forget(peer)


## Makes place: nobody will announce these peers, who came and left unseen.
func discard_early() -> void:
	_count_unknown(_early.discard(_roster))


## Ends it: see [member is_closed].
func close() -> void:
	is_closed = true
	_settled.clear()


## Does what is due and returns the FRAME datagrams that go out to the relay now.
func datagrams_to_send(now: float) -> Array[PackedByteArray]:
	return to_relay(hub.datagrams_to_send(now), now)


## Counts DATA or FRAME datagrams that are about to leave, and sends directly those that may;
## returns those that the relay has to carry.
func to_relay(datagrams: Array[PackedByteArray], now: float) -> Array[PackedByteArray]:
	if not is_watching:
		return datagrams
	var relayed: Array[PackedByteArray] = []
	for datagram in datagrams:
		var to := Header.destination_of(datagram)
		if _is_counting and to > 0:  # what goes to several belongs to none of them
			traffic(to).count_sent(datagram.size())
		if not _has_direct_paths or not _post_directly.call(datagram, to, _receivers(to), now):
			relayed.append(datagram)
	return relayed


## Hands each datagram to [param post] before it goes to the relay, with its destination, the peers
## that this names and the clock; true when the relay need not carry it. Not valid: to nobody.
func post_directly(post: Callable) -> void:
	_post_directly = post
	_has_direct_paths = post.is_valid()
	is_watching = _is_counting or _has_direct_paths


func _take_unknown() -> void:
	unknown_peer = _news.keys()[0] if _news.size() == 1 else 0


## As [method receive], from a peer of whom something has to be looked at first.
func _receive_unsettled(datagram: PackedByteArray, source: int, now: float) -> StringName:
	if is_closed or source == _own_id:
		return Constants.DROP_UNEXPECTED_MESSAGE if is_closed else Constants.DROP_UNKNOWN_PEER
	if not _peers.has(source):
		return _receive_early(datagram, source, now)
	if _is_counting:
		traffic(source).count_received(datagram.size())
	if strangers != null and strangers.has(source):
		return _receive_from_stranger(datagram, source, now)
	if _must_hold(source):
		return _hold(datagram, source, now)
	if not _is_counting:
		_settled[source] = true
	_inbox.source = source
	return _open(datagram, source, _inbox, now)


## Keeps what comes before the news of its sender.
func _receive_early(datagram: PackedByteArray, source: int, now: float) -> StringName:
	if not _roster.may_come(source):
		return Constants.DROP_UNKNOWN_PEER
	_count_unknown(_early.expire(now))
	return &"" if _early.hold(datagram, now) else Constants.DROP_BUFFER_FULL


## Tells whether a datagram to several comes from a peer that does not know this member yet; asks it
## for an answer.
func _is_stray(datagram: PackedByteArray, source: int, now: float) -> bool:
	var delivery := hub.peer_delivery(source)
	var rtt := delivery.flight.rtt.smoothed if delivery != null else -1.0
	var is_single := not Header.is_fanout(datagram)
	strangers.meet(source, is_single, rtt, now)
	if is_single:
		strangers.has_settled(source, rtt, now)
		return false
	if strangers.ask(source, now):
		hub.ping(source, now)
	return strangers.refuses(source, rtt, now)


func _open(datagram: PackedByteArray, source: int, sink: Delivered, now: float) -> StringName:
	if datagram[0] == Constants.FirstByte.DATA:
		sink.add(datagram.slice(Constants.HEADER_SIZE), 0)
		return &""
	if _unread >= MAX_UNREAD:
		return Constants.DROP_BUFFER_FULL
	sink.reliable = 0
	var drop := hub.receive(datagram, source, sink, now)
	_unread += sink.reliable
	return drop


## As [method receive], from a peer that may not know this member yet.
func _receive_from_stranger(datagram: PackedByteArray, source: int, now: float) -> StringName:
	if _is_stray(datagram, source, now):
		return Constants.DROP_STRAY_FANOUT
	if datagram[0] == Constants.FirstByte.DATA and strangers.means_another(source):
		return Constants.DROP_STRAY_FANOUT
	if _must_hold(source):
		return _hold(datagram, source, now)
	_inbox.source = source
	return _open(datagram, source, _inbox, now)


## Returns the header of DATA to a destination; empty when there is none such.
func _new_head(to: int) -> PackedByteArray:
	if absi(to) > _LARGEST_PEER or to > 0 and not _told.has(to):
		return PackedByteArray()
	if _heads.size() >= _MAX_HEADS:
		_heads.clear()
	_heads[to] = Header.encode_destination(Constants.FirstByte.DATA, _tag, to)
	return _heads[to]


## Tells whether messages have to wait for earlier events, or nobody wants them.
func _must_hold(source: int) -> bool:
	return _inbox == null or not _events.is_empty() or not _known.has(source)


## Turns the messages into events: they have to wait for earlier ones, or nobody wants them.
func _hold(datagram: PackedByteArray, source: int, now: float) -> StringName:
	var drop := _open(datagram, source, _delivered, now)
	_tell(source)
	return drop


func _tell(source: int) -> void:
	var is_wanted := _inbox == null or not _events.is_empty()
	for index in _delivered.data.size():
		var lane := _delivered.lanes[index]
		var data := _delivered.data[index]
		if is_wanted and lane < Delivered.RELIABLE_LANE and _events.size() >= Inbox.MAX_PACKETS:
			_count_drop(Constants.DROP_BUFFER_FULL)
		elif is_wanted:
			_events.append(Event.message(source, data, lane >> 8 as Constants.Mode, lane & 0xFF))
		elif lane >= Delivered.RELIABLE_LANE:
			consume(source, data.size())
	_delivered.clear()


func _count_unknown(count: int) -> void:
	if count:
		_count_drop(Constants.DROP_UNKNOWN_PEER, count)


func _count_drop(reason: StringName, count := 1) -> void:
	_drops[reason] = _drops.get(reason, 0) + count


func _receivers(to: int) -> Array[int]:
	var receivers: Array[int] = []
	if to > 0:
		if _told.has(to):
			receivers.append(to)
		return receivers
	for peer in _told:
		if peer != -to:
			receivers.append(peer)
	return receivers
