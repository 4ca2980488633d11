extends RefCounted
## Takes a session up again while it is in use: on a relay that has forgotten it, or elsewhere.
##
## At most one attempt with HELLO and BIND at a time, and a pause between two. [member grant] is
## set when an attempt has succeeded, [member error] when none ever can. One that got no answer may
## have been granted all the same: then nothing that is sealed with the former keys counts any more,
## and only another attempt can tell.
## Source: protocol_spec/SPEC.md section 8.6.

const Constants := preload("../wire/constants.gd")
const Joining := preload("joining.gd")
const Machine := preload("machine.gd")
const Message := preload("../wire/message.gd")
const SavedSession := preload("saved_session.gd")
const Wish := preload("wish.gd")

const _PASSING: Array[int] = [
	Constants.ErrorCode.COOKIE_INVALID,
	Constants.ErrorCode.RATE_LIMITED,
	Constants.ErrorCode.RELAY_FULL,
	Constants.ErrorCode.QUOTA,
]

var grant: Message = null
var error: PackhorseError = null

var _random_bytes: Callable
var _attempt: Joining = null
var _wish: Wish = null  # until it is answered
var _start_at: float


func _init(random_bytes: Callable, now: float) -> void:
	_random_bytes = random_bytes
	_start_at = now


## Tells whether an attempt is under way, or will be.
func is_open() -> bool:
	return _wish != null


## Begins an attempt; false when one is under way or was a moment ago. [param is_guarded] is as in
## Wish.
func start(saved: SavedSession, is_guarded: bool, now: float) -> bool:
	if _attempt != null or now < _start_at:
		return false
	var wish := Wish.new()
	wish.saved = saved
	wish.is_guarded = is_guarded
	_begin(wish, now)
	return true


## Gives up what is under way.
func stop() -> void:
	_attempt = null
	_wish = null


## Notes that the relay still speaks under the present keys: no need to try again.
func hear() -> void:
	if _attempt == null:
		_wish = null


## Returns when [method handle_timeout] has work; INF when it has none.
func next_timeout() -> float:
	if _attempt != null:
		return _attempt.next_timeout()
	return _start_at if _wish != null else INF


## Returns what is due; an attempt without an answer ends, and another follows.
func handle_timeout(now: float) -> PackedByteArray:
	if _attempt == null:
		if _wish == null or now < _start_at:
			return PackedByteArray()
		_begin(_wish, now)
	var datagram := _attempt.handle_timeout(now)
	if _attempt.error != null:
		_attempt = null
	return datagram


## Takes in an answer of the relay; returns why it must be dropped, or an empty name.
func receive(message: Message, transaction: int, now: float) -> StringName:
	if _attempt == null:
		return Constants.DROP_UNKNOWN_TRANSACTION
	var drop := _attempt.receive(message, transaction, now)
	if _attempt.grant != null:
		grant = _attempt.grant
		stop()
	elif _attempt.error != null:
		_refused(_attempt.error, now)
	return drop


func _begin(wish: Wish, now: float) -> void:
	_wish = wish
	_attempt = Joining.new(wish, Machine.new(), _random_bytes, now)
	_start_at = now + Constants.BIND_RETRY


func _refused(refusal: PackhorseError, now: float) -> void:
	stop()
	if refusal.code in _PASSING:
		_start_at = now + maxf(Constants.BIND_RETRY, refusal.retry_after)
	else:
		error = refusal
