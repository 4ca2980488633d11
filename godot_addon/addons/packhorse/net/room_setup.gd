extends RefCounted
## Changes a room as its host wants: derives the key of a password first, where there is one.

enum State { WORKING, DONE, FAILED }

const Event := preload("../core/event.gd")
const PasswordTask := preload("password_task.gd")
const RoomChange := preload("../core/room_change.gd")
const Session := preload("../core/session.gd")

var state := State.WORKING
## Why it failed, an error code.
var code := 0

var _session: Session
var _change: RoomChange
var _task: PasswordTask = null
var _request := 0


func _init(session: Session, change: RoomChange, password: String) -> void:
	_session = session
	_change = change
	if password:
		_task = PasswordTask.new(password, session.code())


## Asks the relay as soon as the key is there.
func poll(now: float) -> void:
	if _request or state != State.WORKING:
		return
	if _task != null:
		_change.password_key = _task.poll()
	if _task == null or _change.password_key:
		_request = _session.set_room(_change, now)
		state = State.WORKING if _request else State.FAILED


## Takes the relay's answer out of the session's events; false when [param event] is another.
func take(event: Event) -> bool:
	if event.type != Event.Type.REQUEST_ENDED or event.request != _request:
		return false
	code = event.code
	state = State.FAILED if code else State.DONE
	return true
