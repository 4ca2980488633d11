extends RefCounted
## A member's session as a pure state machine: datagrams and time in, datagrams and events out.
##
## One membership of one room, over one path to the relay. Time is seconds of a monotonic clock.
## Commands return an [enum Error] when they are illegal in the current state.

const Constants := preload("../wire/constants.gd")
const DirectDatagram := preload("direct/direct_datagram.gd")
const DirectAttachment := preload("direct/direct_attachment.gd")
const Ctrl := preload("../wire/ctrl.gd")
const Event := preload("event.gd")
const Header := preload("../wire/header.gd")
const Joining := preload("joining.gd")
const Machine := preload("machine.gd")
const Mail := preload("mail.gd")
const Membership := preload("membership.gd")
const Message := preload("../wire/message.gd")
const MessageLayout := preload("../wire/message_layout.gd")
const Pings := preload("pings.gd")
const RoomChange := preload("room_change.gd")
const SavedSession := preload("saved_session.gd")
const Stages := preload("stages.gd")
const Wish := preload("wish.gd")

const _NO_TAG := -1  # before GRANT
const _LARGEST_REQUEST := 0xFFFFFFFF
const _LARGEST_PEER := 0x7FFFFFFF

## Datagrams that were not acted upon, by drop reason.
var drops: Dictionary[StringName, int] = {}
## The paths to peers beside the relay; null before GRANT.
var direct: DirectAttachment = null
## What is known of the path to the relay; null before GRANT.
var pings: Pings = null
## What [method next_event] drains next; null when there is nothing.
var upcoming: Event:
	get:
		return _events[_next_event] if _next_event < _events.size() else null

var _relay: String
var _random_bytes: Callable
var _machine := Machine.new()
var _joining: Joining
var _membership: Membership = null
var _mail: Mail = null  # that of the membership
var _peers: Dictionary[int, int] = {}  # the roster's own dictionary
var _tag := _NO_TAG  # and when the session has ended
var _own_id := 0
var _told_stage := Stages.Stage.REACHING
var _outbox: Array[PackedByteArray] = []
var _events: Array[Event] = []
var _next_event := 0  # pop_front() would move all that follow
var _timeout_at := -INF  # clock seconds; -INF when it may have changed
var _quiet_until := -INF  # clock seconds; holds while _timeout_at is known


## Starts joining: [param relay] is the source that datagrams must have, [param random_bytes] a
## function that returns as many random bytes as it is asked for.
func _init(wish: Wish, relay: String, random_bytes: Callable, now: float) -> void:
	_relay = relay
	_random_bytes = random_bytes
	_joining = Joining.new(wish, _machine, random_bytes, now)


## Returns where the session stands.
func state() -> Constants.MemberState:
	return _machine.state


## Returns what is being waited for.
func stage() -> Stages.Stage:
	if _membership == null:
		return _joining.stage()
	var is_complete := _membership.is_complete()
	return Stages.Stage.CONNECTED if is_complete else Stages.Stage.READING_ROSTER


## Returns the own peer id; 1 is the host. This and the methods below up to [method roster] have a
## meaning only after GRANT.
func peer_id() -> int:
	return _own_id


## Returns the room code in canonical form.
func code() -> String:
	return _membership.grant.text(&"code") if _membership else ""


## Returns who may address whom.
func topology() -> Constants.Topology:
	var number := _membership.grant.number(&"topology") if _membership else 0
	return Constants.Topology.STAR if number else Constants.Topology.MESH


## Returns the own address as the relay sees it, as people write it.
func mapped_address() -> String:
	return _membership.mapped if _membership else ""


## Returns the PeerState of every member by id, this one included.
func roster() -> Dictionary[int, int]:
	if _membership == null:
		return {}
	return _membership.roster.peers


## Returns the messages from and to the peers; null unless the session is joined.
func mail() -> Mail:
	return _mail if _machine.state == Constants.MemberState.JOINED else null


## Removes a peer from the room; REQUEST_ENDED tells the outcome.
func kick(peer: int, ban: bool, now: float) -> Error:
	if _machine.state != Constants.MemberState.JOINED:
		return ERR_UNAVAILABLE
	if peer <= 1 or peer > _LARGEST_PEER:
		return ERR_INVALID_PARAMETER
	_timeout_at = -INF
	_membership.kick(peer, ban, now)
	return OK


## Changes the room; REQUEST_ENDED tells the outcome. Returns the number of the request, or 0 when
## not joined.
func set_room(change: RoomChange, now: float) -> int:
	if _machine.state != Constants.MemberState.JOINED:
		return 0
	_timeout_at = -INF
	return _membership.set_room(change, now)


## Admits or refuses somebody who waits; REQUEST_ENDED tells the outcome.
func decide(request: int, admit: bool, now: float) -> Error:
	if _machine.state != Constants.MemberState.JOINED:
		return ERR_UNAVAILABLE
	if request <= 0 or request > _LARGEST_REQUEST:
		return ERR_INVALID_PARAMETER
	_timeout_at = -INF
	_membership.decide(request, admit, now)
	return OK


## Returns what another program, or this one after a crash, takes the session up again with;
## null before GRANT.
func saved() -> SavedSession:
	return _membership.saved if _membership else null


## Pings soon: the relay may see this member at another address now, or not at all.
func check_path(now: float) -> void:
	if _membership != null:
		_timeout_at = -INF
		_membership.receive_advice(now)


## Takes the session up again over the path that its datagrams take now.
func bind(now: float) -> Error:
	if _machine.state != Constants.MemberState.JOINED:
		return ERR_UNAVAILABLE
	_timeout_at = -INF
	_membership.bind(now)
	return OK


## Ends the session; CLOSED follows. Harmless when it has ended.
func leave(now: float) -> void:
	if _machine.state in [Constants.MemberState.LEAVING, Constants.MemberState.CLOSED]:
		return
	_timeout_at = -INF
	if _membership == null:
		_close(Event.closed(null))
		return
	_machine.advance(&"left")
	_membership.leave(now)


## Acts upon a datagram from the network, or counts why not.
func receive_datagram(data: PackedByteArray, source: String, now: float) -> void:
	var is_from_relay := source == _relay
	var drop := &""
	var size := data.size()
	var first := data[0] if size > Constants.HEADER_SIZE and size <= Constants.MAX_DATAGRAM else 0
	var is_data := first == Constants.FirstByte.DATA or first == Constants.FirstByte.FRAME
	if is_data and _tag != _NO_TAG:  # what comes most often
		# As Header.source_of(), which costs a call.
		var peer := (data[2] & 0x7F) << 24 | data[3] << 16 | data[4] << 8 | data[5]
		if not is_from_relay:
			drop = direct.hear_data(peer, source, data[1], now)
		elif data[1] != _tag:
			drop = Constants.DROP_WRONG_TAG
		if not drop:
			drop = (
				_mail.receive(data, peer, now)
				if _peers.has(peer)
				else _take_unknown(data, peer, now)
			)
		if drop:
			count_drop(drop)
		return
	if not is_from_relay and (direct == null or not direct.is_seeking):
		drop = Constants.DROP_UNEXPECTED_SOURCE
	if not drop:
		drop = Header.check(data)
	if not drop and is_from_relay:
		drop = _receive(data, now)
	elif not drop:
		drop = _receive_directly(data, source, now)
	if drop:
		count_drop(drop)


## Counts a datagram that was not acted upon.
func count_drop(reason: StringName) -> void:
	drops[reason] = drops.get(reason, 0) + 1


## Does what is due; calling early or late is harmless.
func handle_timeout(now: float) -> void:
	if _machine.state == Constants.MemberState.CLOSED:
		return
	_timeout_at = -INF
	if _membership != null:
		direct.handle_timeout(now)
		_membership.handle_timeout(now)
	else:
		var datagram := _joining.handle_timeout(now)
		if datagram:
			_outbox.append(datagram)
	_settle()


## Returns when [method handle_timeout] next has work, clock seconds; INF when it has none.
func next_timeout() -> float:
	_quiet_until = -INF
	if _machine.state == Constants.MemberState.CLOSED:
		return INF
	if _timeout_at == -INF:
		_timeout_at = _membership.next_timeout() if _membership else _joining.next_timeout()
	if direct == null:
		return _timeout_at
	_quiet_until = minf(_timeout_at, direct.next_timeout())
	return _quiet_until


## Tells, at little cost, that there is nothing to do, to send or to tell now; false when not sure.
func is_quiet(now: float) -> bool:
	if now >= _quiet_until or _timeout_at == -INF or _events:
		return false
	return now < _mail.hub.wake_at


## As [method is_quiet], but for messages to peers that may leave now.
func has_only_mail(now: float) -> bool:
	return now < _quiet_until and _timeout_at != -INF and _events.is_empty()


## Drains what must go out to the relay now.
func datagrams_to_send() -> Array[PackedByteArray]:
	if _membership != null:
		_membership.move_datagrams(_outbox)
	if not _outbox:
		return _outbox
	var datagrams := _outbox
	_outbox = []
	return datagrams


## Drains what must go out to addresses of peers now.
func direct_datagrams_to_send() -> Array[DirectDatagram]:
	var datagrams := direct.datagrams_to_send()
	if direct.take_flow():
		_quiet_until = -INF
	return datagrams


## Drains one event; null when there is none. What it tells of a peer counts as known to the
## application.
func next_event() -> Event:
	if _next_event == _events.size():
		_events.clear()
		_next_event = 0
		return null
	var event := _events[_next_event]
	_next_event += 1
	if event.type == Event.Type.PEER_JOINED:
		_mail.note_told(event)
	return event


func _receive(data: PackedByteArray, now: float) -> StringName:
	if _machine.state == Constants.MemberState.CLOSED:
		return Constants.DROP_UNEXPECTED_MESSAGE
	var first := data[0]
	if first == Constants.FirstByte.DATA or first == Constants.FirstByte.FRAME:
		return Constants.DROP_WRONG_TAG  # else it was taken at once
	_timeout_at = -INF
	var is_ctrl := first == Constants.FirstByte.CTRL
	var drop := _receive_ctrl(data, now) if is_ctrl else _receive_seal(data, now)
	if direct != null:
		direct.flush(now)
	_settle()
	return drop


func _receive_directly(data: PackedByteArray, source: String, now: float) -> StringName:
	if _machine.state == Constants.MemberState.CLOSED:
		return Constants.DROP_UNEXPECTED_MESSAGE
	_timeout_at = -INF
	var drop := Constants.DROP_UNEXPECTED_SOURCE
	if data[0] == Constants.FirstByte.SEAL:
		drop = direct.receive_seal(data, source, now)
	direct.flush(now)
	return drop


func _take_unknown(data: PackedByteArray, peer: int, now: float) -> StringName:
	_timeout_at = -INF
	return _membership.receive_unknown(data, peer, now)


func _receive_seal(data: PackedByteArray, now: float) -> StringName:
	if data.size() <= Constants.HEADER_SIZE + Constants.MAC_SIZE:
		return Constants.DROP_TOO_SHORT
	if data[1] != _tag:
		return Constants.DROP_WRONG_TAG
	return _membership.receive_seal(data, now)


func _receive_ctrl(data: PackedByteArray, now: float) -> StringName:
	var message := Ctrl.decode(data, MessageLayout.Sender.RELAY)
	if message.drop:
		return message.drop
	if _membership == null:
		var drop := _joining.receive(message, Header.word_of(data), now)
		_take_grant(now)
		return drop
	if message.type == Constants.MessageType.NUDGE:
		_membership.receive_advice(now)
	elif _is_denial(message, Header.word_of(data)):
		_membership.receive_denial(now)
	else:
		var drop := _membership.receive_ctrl(message, Header.word_of(data), now)
		_take_tag()
		return drop
	return &""


func _is_denial(message: Message, word: int) -> bool:
	if message.type != Constants.MessageType.ERROR:
		return false
	var is_about_us := word == _membership.grant.number(&"session")
	return is_about_us and message.number(&"code") == Constants.ErrorCode.SESSION_UNKNOWN


func _take_grant(now: float) -> void:
	if _joining.grant != null:
		_machine.advance(&"granted")
		var saved_session := _joining.saved()
		_membership = Membership.new(
			_joining.grant, saved_session, _random_bytes, _events, drops, _joining.is_locked(), now
		)
		pings = _membership.pings
		_mail = _membership.mail
		_peers = _membership.roster.peers
		_mail.strangers = _joining.strangers()
		direct = DirectAttachment.new(_membership, _random_bytes, _events, _relay)
		_take_tag()


func _take_tag() -> void:
	var grant := _membership.grant
	_tag = grant.number(&"tag")
	_own_id = grant.number(&"peer")


## Tells a new stage; closes when one of the parts has ended.
func _settle() -> void:
	if _machine.state == Constants.MemberState.CLOSED:
		return
	if stage() != _told_stage:
		_told_stage = stage()
		_events.append(Event.stage_changed(_told_stage))
	var closed: Event = Event.closed(_joining.error) if _joining.error != null else null
	if _membership != null:
		closed = _membership.closed
	if closed != null:
		_close(closed)


func _close(closed: Event) -> void:
	_machine.advance(&"failed")
	_tag = _NO_TAG
	if _mail != null:
		_mail.close()
	_events.append(closed)
