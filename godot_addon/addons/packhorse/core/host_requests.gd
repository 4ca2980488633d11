extends RefCounted
## What the host of a room asks of the relay, and says again to one that has forgotten it. Each
## method that sends returns the number of its request.

const Constants := preload("../wire/constants.gd")
const JoinRequests := preload("join_requests.gd")
const KickList := preload("kick_list.gd")
const Requests := preload("requests.gd")
const RoomChange := preload("room_change.gd")
const RoomMemory := preload("room_memory.gd")
const SealChannel := preload("seal_channel.gd")

const _NONCE_SIZE := 16  # bytes; SPEC.md section 7.6

var _channel: SealChannel
var _requests: Requests
var _session_key: PackedByteArray
var _random_bytes: Callable
var _join_requests := JoinRequests.new()
var _kicked := KickList.new()
var _room: RoomMemory


## Seals with [param channel] and sends by [param requests]; [param session_key] is that of GRANT
## in answer to CREATE, and [param is_locked] as for RoomMemory.
func _init(
	channel: SealChannel,
	requests: Requests,
	session_key: PackedByteArray,
	random_bytes: Callable,
	is_locked: int
) -> void:
	_channel = channel
	_requests = requests
	_session_key = session_key
	_random_bytes = random_bytes
	_room = RoomMemory.new(is_locked)


## Tells whether not everybody may join, as far as this side knows.
func is_guarded() -> bool:
	return _room.is_guarded()


## Ends a peer's session.
func kick(peer: int, ban: bool, now: float) -> int:
	_kicked.add(peer, ban)
	return _send_kick(peer, ban, now)


## Changes the room.
func set_room(change: RoomChange, now: float) -> int:
	return _send_change(change, false, now)


## Admits or refuses somebody who waits.
func decide(request: int, admit: bool, now: float) -> int:
	return _send(Constants.MessageType.ADMIT, {&"request": request, &"admit": admit}, now)


## Tells whether a request to join is heard of for the first time.
func is_new(request: int) -> bool:
	return _join_requests.is_new(request)


## Notes how a request ended; true when it was not the application's.
func end(sequence: int, code: int) -> bool:
	var is_change := _room.close(sequence, code)
	return _kicked.end_request(sequence) or is_change


## Notes that the relay may have forgotten everything.
func begin_epoch() -> void:
	_kicked.begin_epoch()
	_room.begin_epoch()


## Tells a relay that has forgotten it what was done, once (SPEC.md section 8.7).
func tell_again(now: float) -> void:
	if not _room.is_told:
		_join_requests = JoinRequests.new()  # such a relay numbers them anew
	var untold := _kicked.take_untold()
	for peer in untold:
		_kicked.note_request(_send_kick(peer, untold[peer], now))
	for change in _room.take_untold():
		_send_change(change, true, now)


func _send_kick(peer: int, ban: bool, now: float) -> int:
	var fields: Dictionary[StringName, Variant] = {&"peer": peer}
	if ban:
		fields[&"ban"] = true
	return _send(Constants.MessageType.KICK, fields, now)


func _send_change(change: RoomChange, is_own: bool, now: float) -> int:
	var nonce := PackedByteArray()
	if change.password_key:
		nonce = _random_bytes.call(_NONCE_SIZE)
	var fields := change.fields(_session_key, nonce)
	var sequence := _send(Constants.MessageType.SET_ROOM, fields, now)
	_room.open(sequence, change, is_own)
	return sequence


func _send(type: Constants.MessageType, fields: Dictionary[StringName, Variant], now: float) -> int:
	var sequence := _channel.take_sequence()
	fields[&"seq"] = sequence
	_requests.open(sequence, _channel.encode(type, fields), now)
	return sequence
