extends RefCounted
## What a member knows and does from GRANT to the end of the session.

const Address := preload("../wire/address.gd")
const Constants := preload("../wire/constants.gd")
const EarlyData := preload("early_data.gd")
const Event := preload("event.gd")
const JoinRequests := preload("join_requests.gd")
const Message := preload("../wire/message.gd")
const Pings := preload("pings.gd")
const Requests := preload("requests.gd")
const RoomChange := preload("room_change.gd")
const Roster := preload("roster.gd")
const SealChannel := preload("seal_channel.gd")
const Stages := preload("stages.gd")
const SyncSchedule := preload("sync_schedule.gd")

var grant: Message
## This member's address as the relay sees it, as people write it.
var mapped: String
var roster := Roster.new()
var pings: Pings
## Set once, when the session has ended.
var closed: Event = null

var _events: Array[Event]  # the session's own array
var _drops: Dictionary[StringName, int]  # the session's own dictionary
var _own_id: int
var _channel: SealChannel
var _sync: SyncSchedule
var _join_requests := JoinRequests.new()
var _requests := Requests.new()
var _early := EarlyData.new()
var _outbox: Array[PackedByteArray] = []
var _leave := 0  # sequence number of LEAVE; 0 before it
var _denials := 0
var _has_joined := false


## Starts with GRANT; what happens is appended to [param events] and counted in [param drops].
func _init(
	granted: Message,
	random_bytes: Callable,
	events: Array[Event],
	drops: Dictionary[StringName, int],
	now: float
) -> void:
	grant = granted
	_own_id = grant.number(&"peer")
	_events = events
	_drops = drops
	mapped = Address.show(grant.bytes(&"mapped"))
	pings = Pings.new(grant, random_bytes, now)
	_channel = SealChannel.new(grant)
	_sync = SyncSchedule.new(roster, now)
	roster.hear_of(grant.number(&"rev"))


## Tells whether the first roster has come.
func is_complete() -> bool:
	return roster.revision > 0


## Asks the relay to end a peer's session; returns the number of the request.
func kick(peer: int, ban: bool, now: float) -> int:
	var fields: Dictionary[StringName, Variant] = {&"peer": peer}
	if ban:
		fields[&"ban"] = true
	return _open_request(Constants.MessageType.KICK, fields, now)


## Asks the relay to change the room; returns the number of the request.
func set_room(change: RoomChange, now: float) -> int:
	var sequence := _channel.next_sequence()
	var fields := change.fields(sequence, grant.bytes(&"key"))
	return _open_request(Constants.MessageType.SET_ROOM, fields, now)


## Admits or refuses somebody who waits; returns the number of the request.
func decide(request: int, admit: bool, now: float) -> int:
	var fields: Dictionary[StringName, Variant] = {&"request": request, &"admit": admit}
	return _open_request(Constants.MessageType.ADMIT, fields, now)


## Tells the relay that the session ends.
func leave(now: float) -> void:
	_leave = _open_request(Constants.MessageType.LEAVE, {}, now)


## Returns when [method handle_timeout] has work; INF when never again.
func next_timeout() -> float:
	if closed != null:
		return INF
	var deadline := minf(pings.next_timeout(), _requests.next_timeout())
	deadline = minf(deadline, _sync.next_timeout())
	return deadline if is_complete() else minf(deadline, _sync.gives_up_at)


## Does what is due.
func handle_timeout(now: float) -> void:
	if closed != null:
		return
	_check_silence(now)
	_check_requests(now)
	if not is_complete() and now >= _sync.gives_up_at:
		var words := Stages.WORDS[Stages.Stage.READING_ROSTER]
		_close(PackhorseError.from_code(PackhorseError.Code.NO_ANSWER, words))
	if closed == null:
		_send_due(now)


## Drains what must go out now.
func datagrams_to_send() -> Array[PackedByteArray]:
	var datagrams := _outbox
	_outbox = []
	return datagrams


## The relay does not know our address (NUDGE): ping, and nothing else.
func receive_advice(now: float) -> void:
	pings.advise(now)


## The relay denies the session: ask again, believe it when it insists.
func receive_denial(now: float) -> void:
	_denials += 1 if pings.take_denial() else 0
	if _denials >= Constants.MAX_DENIALS:
		_close(PackhorseError.from_code(Constants.ErrorCode.SESSION_UNKNOWN))
	pings.advise(now)


## Acts upon a SEAL datagram whose tag has been checked; returns why not, or an empty name.
func receive_seal(data: PackedByteArray, now: float) -> StringName:
	var message := _channel.decode(data)
	if message.drop:
		return message.drop
	_denials = 0
	if pings.hear(now):
		_events.append(Event.new(Event.Type.SESSION_RESUMED))
	return _act(message, now)


## Hands on the payload of a DATA datagram whose tag has been checked; returns why not, or an
## empty name.
func receive_data(source: int, payload: PackedByteArray) -> StringName:
	if _leave:
		return Constants.DROP_UNEXPECTED_MESSAGE
	if roster.peers.has(source) and source != _own_id:
		_events.append(Event.message(source, payload))
		return &""
	if source == _own_id or not roster.may_come(source):
		return Constants.DROP_UNKNOWN_PEER
	_sync.want()
	var is_held := _early.hold(Event.message(source, payload))
	return &"" if is_held else Constants.DROP_BUFFER_FULL


func _act(message: Message, now: float) -> StringName:
	match message.type:
		Constants.MessageType.PONG:
			pings.receive_pong(message.number(&"ping"), now)
			mapped = Address.show(message.bytes(&"mapped"))
			roster.hear_of(message.number(&"rev"))
		Constants.MessageType.EVENTS:
			_change(roster.apply_events(message.records(&"events")))
		Constants.MessageType.ROSTER:
			_take_page(message)
		Constants.MessageType.ACK:
			return _acknowledged(message)
		Constants.MessageType.CLOSED:
			_closed_by_relay(message)
		Constants.MessageType.JOIN_REQUEST:
			var request := message.number(&"request")
			if _join_requests.is_new(request):
				_events.append(Event.join_requested(request, message.text(&"name")))
		Constants.MessageType.PATH_CHALLENGE:
			pings.forget_open()
			var challenge := message.bytes(&"challenge")
			_send_new(Constants.MessageType.PATH_RESPONSE, {&"challenge": challenge})
	return &""


func _take_page(message: Message) -> void:
	var page := message.number(&"page")
	var pages := message.number(&"pages")
	var records := message.records(&"peers")
	_change(roster.apply_page(message.number(&"rev"), page, pages, records))


func _change(changes: Array[Event]) -> void:
	_sync.satisfy()
	for change in changes:
		if change.peer == _own_id:
			continue
		_events.append(change)
		if change.type == Event.Type.PEER_JOINED:
			_release_early(change.peer)
	_discard_early()
	if is_complete() and not _has_joined:
		_has_joined = true
		_events.append(Event.new(Event.Type.JOINED, _own_id))


func _release_early(peer: int) -> void:
	var released := _early.release(peer)
	if not _leave:
		_events.append_array(released)


## Makes place: nobody will announce these peers, who came and left unseen.
func _discard_early() -> void:
	var count := _early.discard(roster)
	if count:
		var reason := Constants.DROP_UNKNOWN_PEER
		_drops[reason] = _drops.get(reason, 0) + count


func _acknowledged(message: Message) -> StringName:
	var request := message.number(&"request")
	if not _requests.close(request):
		return Constants.DROP_UNKNOWN_TRANSACTION
	if request == _leave:
		_close(null)
	else:
		_events.append(Event.request_ended(request, message.number(&"code")))
	return &""


func _closed_by_relay(message: Message) -> void:
	var code := message.number(&"code")
	_close(PackhorseError.from_code(code) if code else null)


func _check_silence(now: float) -> void:
	if not pings.check(now):
		return
	if pings.liveness == Pings.Liveness.EXPIRED:
		_close(PackhorseError.from_code(Constants.ErrorCode.LEASE_EXPIRED))
	else:
		_events.append(Event.new(Event.Type.SESSION_LOST))


func _check_requests(now: float) -> void:
	for request in _requests.give_up(now):
		if request == _leave:
			_close(null)
		else:
			_events.append(Event.request_ended(request, PackhorseError.Code.NO_ANSWER))


func _send_due(now: float) -> void:
	_outbox.append_array(_requests.datagrams_to_send(now))
	if _requests.is_repeating():
		pings.advise(now)  # perhaps our address is new: PING proves it, a request cannot
	if _sync.is_due(now):
		_sync.count_send(now)
		_send_new(Constants.MessageType.SYNC, {&"since": roster.revision})
	if pings.is_due(now):
		var pad := PackedByteArray()
		pad.resize(Constants.PING_PAD)
		pings.count_send(_send_new(Constants.MessageType.PING, {&"pad": pad}), now)


## Sends a message once; returns its sequence number.
func _send_new(type: Constants.MessageType, fields: Dictionary[StringName, Variant]) -> int:
	var sequence := _channel.take_sequence()
	fields[&"seq"] = sequence
	_outbox.append(_channel.encode(type, fields))
	return sequence


func _open_request(
	type: Constants.MessageType, fields: Dictionary[StringName, Variant], now: float
) -> int:
	var sequence := _channel.take_sequence()
	fields[&"seq"] = sequence
	_requests.open(sequence, _channel.encode(type, fields), now)
	return sequence


## Ends the session; whoever is leaving gets what it wants, whatever the cause.
func _close(error: PackhorseError) -> void:
	if closed == null:
		closed = Event.closed(null if _leave else error)
