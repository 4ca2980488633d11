extends RefCounted
## From HELLO to GRANT: how a member gets its session.
##
## [member grant] is set when that has succeeded, [member error] when it has failed. After BIND
## the grant has the key of the new epoch, and the datagram size agreed before.
## Source: protocol_spec/SPEC.md section 5.

const Binding := preload("../wire/binding.gd")
const Constants := preload("../wire/constants.gd")
const Ctrl := preload("../wire/ctrl.gd")
const Machine := preload("machine.gd")
const Message := preload("../wire/message.gd")
const Polling := preload("polling.gd")
const Retransmission := preload("retransmission.gd")
const RoomChange := preload("room_change.gd")
const RoomCode := preload("../wire/room_code.gd")
const RoomList := preload("../wire/room_list.gd")
const SavedSession := preload("saved_session.gd")
const Stages := preload("stages.gd")
const Strangers := preload("strangers.gd")
const Wish := preload("wish.gd")

const _FULL_SIZE_SENDS := 2  # after so many unanswered sends, a smaller size is tried
const _MOST_ROOMS := 1024  # that are listed; no relay has more public ones
const _MAX_GREETINGS := 3  # cookies that may be refused before giving up

var grant: Message = null
var error: PackhorseError = null
## The public rooms found so far, where these are asked for; as [code]RoomList.decode[/code] gives.
var rooms: Array[Dictionary] = []
var has_all_rooms := false

var _wish: Wish
var _machine: Machine
var _random_bytes: Callable
var _features: int
var _grease: Dictionary[int, Variant] = {}
var _size := Constants.MAX_DATAGRAM_DEFAULT
var _greetings := 0
var _challenge: Message = null
var _nonce: PackedByteArray
var _transaction: int
var _schedule: Retransmission


func _init(wish: Wish, machine: Machine, random_bytes: Callable, now: float) -> void:
	_wish = wish
	_machine = machine
	_random_bytes = random_bytes
	_features = Constants.KNOWN_FEATURES | 1 << _pick(Constants.GREASE_FEATURE_BITS)
	var grease_key := _pick(Constants.GREASE_KEYS)
	_grease[grease_key] = _draw_u32()
	_greet(now)


## Returns what is being waited for.
func stage() -> Stages.Stage:
	if _schedule is Polling:
		return Stages.Stage.WAITING
	var is_greeting := _machine.state == Constants.MemberState.GREETING
	return Stages.Stage.REACHING if is_greeting else Stages.Stage.JOINING


## Returns what it takes to take up again the session of [member grant].
func saved() -> SavedSession:
	var session := SavedSession.new()
	session.session = grant.number(&"session")
	session.key = _wish.saved.key if _wish.saved else grant.bytes(&"key")
	session.max_datagram = grant.number(&"max_datagram")
	session.ticket = grant.bytes(&"resume_ticket")
	return session


## Returns 1 when a new room was made locked, 0 when not, and -1 where this is not known.
func is_locked() -> int:
	var is_new := not _wish.code and _wish.saved == null
	return int(_wish.locked) if is_new else RoomChange.UNCHANGED


## Returns who may not know the member of [member grant] yet; null when all they send is taken.
func strangers() -> Strangers:
	var own_id := grant.number(&"peer")
	return Strangers.new(own_id, _wish.is_restarted) if _wish.refuses_strays else null


## Returns when a datagram is due or the wait is over; INF when joining has ended.
func next_timeout() -> float:
	var is_over := grant != null or error != null or has_all_rooms
	return INF if is_over else _schedule.deadline


## Returns the request when it is due, else nothing; after the last wait sets [member error].
func handle_timeout(now: float) -> PackedByteArray:
	if now < next_timeout():
		return PackedByteArray()
	if _schedule.is_exhausted():
		error = PackhorseError.from_code(PackhorseError.Code.NO_ANSWER, Stages.WORDS[stage()])
		return PackedByteArray()
	if _schedule.sends >= _FULL_SIZE_SENDS:
		_size = Constants.MAX_DATAGRAM_FALLBACK
	_schedule.count_send(now)
	return _request()


## Takes in an answer of the relay; returns why it must be dropped, or an empty name.
func receive(message: Message, transaction: int, now: float) -> StringName:
	if transaction != _transaction or next_timeout() == INF:
		return Constants.DROP_UNKNOWN_TRANSACTION
	match message.type:
		Constants.MessageType.CHALLENGE:
			return _receive_challenge(message, now)
		Constants.MessageType.GRANT:
			return _receive_grant(message)
		Constants.MessageType.ERROR:
			_refused(message, now)
			return &""
	return _receive_other(message, now)


## Takes in what only some wishes are answered with.
func _receive_other(message: Message, now: float) -> StringName:
	match message.type:
		Constants.MessageType.PENDING:
			return _receive_pending(now)
		Constants.MessageType.ROOM_LIST:
			return _receive_page(message, now)
	return Constants.DROP_UNEXPECTED_MESSAGE


func _receive_challenge(message: Message, now: float) -> StringName:
	var version := message.number(&"version")
	var is_offered := message.number(&"features") & ~_features == 0
	if _challenge != null or version != Constants.WIRE_VERSION or not is_offered:
		return Constants.DROP_UNEXPECTED_MESSAGE
	_challenge = message
	_machine.advance(&"challenged")
	_start_request(now)
	return &""


func _receive_grant(message: Message) -> StringName:
	if _challenge == null:
		return Constants.DROP_UNEXPECTED_MESSAGE
	for field: StringName in [&"version", &"features"]:
		if message.number(field) != _challenge.number(field):
			return Constants.DROP_UNEXPECTED_MESSAGE
	if not RoomCode.is_canonical(message.text(&"code")):
		return Constants.DROP_UNEXPECTED_MESSAGE
	return _take_grant(message)


func _take_grant(message: Message) -> StringName:
	if _wish.saved != null:
		var epoch := Binding.epoch_key(_wish.saved.key, _nonce, message.bytes(&"key"))
		var is_ours := message.number(&"session") == _wish.saved.session
		if not is_ours or not Binding.is_valid_grant(message, epoch):
			return Constants.DROP_BAD_MAC
		message.fields[&"key"] = epoch
		message.fields[&"max_datagram"] = _wish.saved.max_datagram
	grant = message
	return &""


## The host has been asked: repeats JOIN in peace until it has decided.
func _receive_pending(now: float) -> StringName:
	if _challenge == null or not _wish.code:
		return Constants.DROP_UNEXPECTED_MESSAGE
	if not _schedule is Polling:
		var patience := Constants.APPROVAL + Retransmission.give_up_after()
		_schedule = Polling.new(Constants.PENDING_REPEAT, patience, now)
	return &""


## Adds a page of rooms; a relay whose pages do not go on is not asked for more.
func _receive_page(message: Message, now: float) -> StringName:
	if _challenge == null or not _wish.lists_rooms:
		return Constants.DROP_UNEXPECTED_MESSAGE
	var drop: Array[StringName] = []
	var found := RoomList.decode(message.bytes(&"rooms"), drop)
	if drop:
		return drop[0]
	var last := _last_code()
	for room in found:
		if room["code"] <= last:
			return Constants.DROP_UNEXPECTED_MESSAGE
		last = room["code"]
	rooms.append_array(found)
	if message.flag(&"more") and found and rooms.size() < _MOST_ROOMS:
		_start_request(now)
	else:
		has_all_rooms = true
	return &""


func _last_code() -> String:
	return rooms[-1]["code"] if rooms else ""


func _refused(message: Message, now: float) -> void:
	var code := message.number(&"code")
	var is_stale := _challenge != null and code == Constants.ErrorCode.COOKIE_INVALID
	if is_stale and _greetings < _MAX_GREETINGS:
		_machine.advance(&"cookie_refused")
		_greet(now)
		return
	var retry_after := message.number(&"retry_after_ms") / 1000.0
	error = PackhorseError.from_code(code, Stages.WORDS[stage()], retry_after)


func _greet(now: float) -> void:
	_greetings += 1
	_challenge = null
	_nonce = _random(Constants.NONCE_SIZE)
	_start_request(now)


func _start_request(now: float) -> void:
	_transaction = maxi(1, _draw_u32())  # 0 is that of NUDGE
	_schedule = Retransmission.new(now)


func _request() -> PackedByteArray:
	var fields: Dictionary[StringName, Variant] = {
		&"version_min": Constants.WIRE_VERSION,
		&"version_max": Constants.WIRE_VERSION,
		&"features": _features,
		&"nonce": _nonce,
	}
	if _challenge == null:
		var hello := Constants.MessageType.HELLO
		return Ctrl.encode_padded(hello, fields, _transaction, _size, _grease)
	fields[&"cookie"] = _challenge.bytes(&"cookie")
	if _wish.saved != null:
		return _bind(fields)
	fields[&"max_datagram"] = _size
	fields.merge(_wish.access_fields(_challenge.bytes(&"cookie")))
	if _wish.lists_rooms:
		fields[&"after"] = _last_code()
		return Ctrl.encode(Constants.MessageType.LIST_ROOMS, fields, _transaction, _grease)
	if _wish.code:
		fields[&"code"] = _wish.code
		if _wish.name:
			fields[&"name"] = _wish.name
		return Ctrl.encode(Constants.MessageType.JOIN, fields, _transaction, _grease)
	fields[&"topology"] = _wish.topology
	if _wish.locked:
		fields[&"locked"] = true
	if _wish.max_peers:
		fields[&"max_peers"] = _wish.max_peers
	return Ctrl.encode(Constants.MessageType.CREATE, fields, _transaction, _grease)


func _bind(fields: Dictionary[StringName, Variant]) -> PackedByteArray:
	fields[&"max_datagram"] = _wish.saved.max_datagram
	fields[&"session"] = _wish.saved.session
	if _wish.saved.ticket:
		fields[&"resume_ticket"] = _wish.saved.ticket
	if _wish.is_restarted:
		fields[&"restarted"] = true
	if _wish.is_guarded:
		fields[&"guarded"] = true
	fields[&"proof"] = Binding.bind_proof(_wish.saved.key, fields)
	return Ctrl.encode(Constants.MessageType.BIND, fields, _transaction, _grease)


func _pick(bounds: Array[int]) -> int:
	return bounds[0] + _random(1)[0] % (bounds[1] - bounds[0] + 1)


func _draw_u32() -> int:
	var random := _random(4)
	return random[0] << 24 | random[1] << 16 | random[2] << 8 | random[3]


func _random(size: int) -> PackedByteArray:
	var bytes: PackedByteArray = _random_bytes.call(size)
	return bytes
