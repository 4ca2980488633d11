extends RefCounted
## What a member knows and does from GRANT to the end of the session.

const Address := preload("../wire/address.gd")
const Constants := preload("../wire/constants.gd")
const Event := preload("event.gd")
const HostRequests := preload("host_requests.gd")
const Mail := preload("mail.gd")
const Message := preload("../wire/message.gd")
const Pings := preload("pings.gd")
const Rebinding := preload("rebinding.gd")
const Requests := preload("requests.gd")
const RoomChange := preload("room_change.gd")
const Roster := preload("roster.gd")
const SavedSession := preload("saved_session.gd")
const SealChannel := preload("seal_channel.gd")
const Stages := preload("stages.gd")
const SyncSchedule := preload("sync_schedule.gd")

var grant: Message
## What it takes to take up the session again, with the newest ticket.
var saved: SavedSession
## This member's address as the relay sees it, as people write it.
var mapped: String
var roster := Roster.new()
var pings: Pings
var mail: Mail
## Called with peer, bytes and clock of each signal; returns why it is dropped, or an empty name.
var on_signal := Callable()
## Set once, when the session has ended.
var closed: Event = null

var _events: Array[Event]  # the session's own array
var _drops: Dictionary[StringName, int]  # the session's own dictionary
var _own_id: int
var _channel: SealChannel
var _sync: SyncSchedule
var _requests := Requests.new()
var _rebinding: Rebinding
var _host: HostRequests
var _is_draining := false
var _outbox: Array[PackedByteArray] = []
var _leave := 0  # sequence number of LEAVE; 0 before it
var _denials := 0
var _has_joined := false


## Starts with GRANT; what happens is appended to [param events] and counted in [param drops].
func _init(
	granted: Message,
	saved_session: SavedSession,
	random_bytes: Callable,
	events: Array[Event],
	drops: Dictionary[StringName, int],
	is_locked: int,
	now: float
) -> void:
	grant = granted
	saved = saved_session
	_rebinding = Rebinding.new(random_bytes, now)
	_own_id = grant.number(&"peer")
	_events = events
	_drops = drops
	mapped = Address.show(grant.bytes(&"mapped"))
	pings = Pings.new(grant, random_bytes, now)
	mail = Mail.new(grant, roster, events, drops)
	_channel = SealChannel.new(grant)
	_host = HostRequests.new(_channel, _requests, saved.key, random_bytes, is_locked)
	_sync = SyncSchedule.new(roster, now)
	roster.hear_of(grant.number(&"rev"))


## Tells whether the first roster has come.
func is_complete() -> bool:
	return _has_joined or roster.revision > 0


## Sends bytes to a peer with which both look for a direct path.
func send_signal(peer: int, data: PackedByteArray) -> void:
	_send_new(Constants.MessageType.SIGNAL, {&"peer": peer, &"data": data})


## Asks the relay to end a peer's session; returns the number of the request.
func kick(peer: int, ban: bool, now: float) -> int:
	return _host.kick(peer, ban, now)


## Asks the relay to change the room; returns the number of the request.
func set_room(change: RoomChange, now: float) -> int:
	return _host.set_room(change, now)


## Admits or refuses somebody who waits; returns the number of the request.
func decide(request: int, admit: bool, now: float) -> int:
	return _host.decide(request, admit, now)


## Tells the relay that the session ends.
func leave(now: float) -> void:
	mail.close()
	_rebinding.stop()
	_leave = _channel.take_sequence()
	var datagram := _channel.encode(Constants.MessageType.LEAVE, {&"seq": _leave})
	_requests.open(_leave, datagram, now)


## Takes the session up again, over whatever path its datagrams go now.
func bind(now: float) -> void:
	_rebinding.start(saved, _host.is_guarded(), now)


## Returns when [method handle_timeout] has work; INF when never again.
func next_timeout() -> float:
	if closed != null:
		return INF
	var deadline := minf(pings.next_timeout(), _requests.next_timeout())
	deadline = minf(deadline, _sync.next_timeout())
	deadline = minf(deadline, _rebinding.next_timeout())
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


## Moves to [param outbox] what must go out now.
func move_datagrams(outbox: Array[PackedByteArray]) -> void:
	if _outbox:
		outbox.append_array(_outbox)
		_outbox.clear()


## The relay does not know our address (NUDGE): ping, and nothing else.
func receive_advice(now: float) -> void:
	pings.advise(now)


## The relay denies the session: take it up again. Where that is not possible, ask again, and
## believe the relay when it insists.
func receive_denial(now: float) -> void:
	var counts := pings.take_denial()
	pings.advise(now)
	if saved.ticket and not _leave:
		if counts and _rebinding.start(saved, _host.is_guarded(), now) and pings.lose():
			_events.append(Event.new(Event.Type.SESSION_LOST))
		return
	_denials += 1 if counts else 0
	if _denials >= Constants.MAX_DENIALS:
		_close(PackhorseError.from_code(Constants.ErrorCode.SESSION_UNKNOWN))


## Acts upon an answer to HELLO or BIND; returns why not, or an empty name.
func receive_ctrl(message: Message, transaction: int, now: float) -> StringName:
	var drop := _rebinding.receive(message, transaction, now)
	if _rebinding.error != null:
		_close(PackhorseError.from_code(_rebinding.error.code))
	elif _rebinding.grant != null:
		var granted := _rebinding.grant
		_rebinding.grant = null
		_begin_epoch(granted, now)
	return drop


## Acts upon a SEAL datagram whose tag has been checked; returns why not, or an empty name.
func receive_seal(data: PackedByteArray, now: float) -> StringName:
	var message := _channel.decode(data)
	if message.drop:
		return message.drop
	_denials = 0
	if message.type != Constants.MessageType.CLOSED:
		_rebinding.hear()
	if pings.hear(now):
		_events.append(Event.new(Event.Type.SESSION_RESUMED))
	return _act(message, now)


## Keeps a DATA or FRAME datagram, whose tag has been checked, of somebody who is not in the
## roster; returns why not, or an empty name.
func receive_unknown(data: PackedByteArray, source: int, now: float) -> StringName:
	if roster.may_come(source):
		_sync.want()
	return mail.receive(data, source, now)


func _act(message: Message, now: float) -> StringName:
	match message.type:
		Constants.MessageType.PONG:
			pings.receive_pong(message.number(&"ping"), now)
			mapped = Address.show(message.bytes(&"mapped"))
			roster.hear_of(message.number(&"rev"))
			_keep_ticket(message.bytes(&"resume_ticket"))
		Constants.MessageType.EVENTS:
			_change(roster.apply_events(message.records(&"events")), now)
		Constants.MessageType.ROSTER:
			_take_page(message, now)
		Constants.MessageType.ACK:
			return _acknowledged(message)
		Constants.MessageType.CLOSED:
			return _closed_by_relay(message)
		Constants.MessageType.PATH_CHALLENGE:
			pings.forget_open()
			var challenge := message.bytes(&"challenge")
			_send_new(Constants.MessageType.PATH_RESPONSE, {&"challenge": challenge})
		Constants.MessageType.SIGNALED:
			if not on_signal.is_valid():
				return Constants.DROP_UNEXPECTED_MESSAGE
			return on_signal.call(message.number(&"peer"), message.bytes(&"data"), now)
		_:
			_tell(message)
	return &""


## Tells the application what the relay says to it.
func _tell(message: Message) -> void:
	match message.type:
		Constants.MessageType.JOIN_REQUEST:
			var request := message.number(&"request")
			if _host.is_new(request):
				_events.append(Event.join_requested(request, message.text(&"name")))
		Constants.MessageType.DRAIN:
			_drain(message.number(&"deadline_ms") / 1000.0)
		Constants.MessageType.LIMITED:
			var octets := message.number(&"bytes_per_second")
			var datagrams := message.number(&"datagrams_per_second")
			mail.hub.keep_to(octets, datagrams)
			_events.append(Event.limited(octets, datagrams, message.number(&"dropped")))


func _begin_epoch(granted: Message, now: float) -> void:
	grant = granted
	mapped = Address.show(grant.bytes(&"mapped"))
	_keep_ticket(grant.bytes(&"resume_ticket"))
	_channel.begin_epoch(grant)
	mail.begin_epoch(grant)
	_host.begin_epoch()
	roster.begin_again(grant.number(&"rev"))
	_sync.begin_again(now)
	_requests.begin_again(_channel.renew, now)
	pings.begin_again(now)


func _keep_ticket(ticket: PackedByteArray) -> void:
	if ticket:
		saved = saved.with_ticket(ticket)


func _drain(seconds: float) -> void:
	if _is_draining:
		return
	_is_draining = true
	var event := Event.new(Event.Type.RELAY_DRAINING)
	event.seconds = seconds
	_events.append(event)


func _take_page(message: Message, now: float) -> void:
	var page := message.number(&"page")
	var pages := message.number(&"pages")
	var records := message.records(&"peers")
	var is_recovering := message.flag(&"recovering")
	_change(roster.apply_page(message.number(&"rev"), page, pages, records, is_recovering), now)
	if is_recovering:
		_host.tell_again(now)


func _change(changes: Array[Event], now: float) -> void:
	_sync.satisfy()
	mail.hub.take_restarts()
	for change in changes:
		if change.peer == _own_id:
			continue
		_events.append(change)
		if change.type == Event.Type.PEER_JOINED:
			mail.welcome(change, now)
		elif change.type == Event.Type.PEER_LEFT:
			mail.forget(change.peer)
	mail.discard_early()
	if is_complete() and not _has_joined:
		_has_joined = true
		_events.append(Event.new(Event.Type.JOINED, _own_id))


func _acknowledged(message: Message) -> StringName:
	var request := message.number(&"request")
	if not _requests.close(request):
		return Constants.DROP_UNKNOWN_TRANSACTION
	if request == _leave:
		_close(null)
	elif not _host.end(request, message.number(&"code")):
		_events.append(Event.request_ended(request, message.number(&"code")))
	return &""


func _closed_by_relay(message: Message) -> StringName:
	var code := message.number(&"code")
	if code == Constants.ErrorCode.REPLACED and _rebinding.is_open():
		return Constants.DROP_UNEXPECTED_MESSAGE  # it was this program
	_close(PackhorseError.from_code(code) if code else null)
	return &""


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
		elif not _host.end(request, PackhorseError.Code.NO_ANSWER):
			_events.append(Event.request_ended(request, PackhorseError.Code.NO_ANSWER))


func _send_due(now: float) -> void:
	var request := _rebinding.handle_timeout(now)
	if request:
		_outbox.append(request)
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


## Ends the session; whoever is leaving gets what it wants, whatever the cause.
func _close(error: PackhorseError) -> void:
	if closed == null:
		closed = Event.closed(null if _leave else error)
