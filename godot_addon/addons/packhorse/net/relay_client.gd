extends RefCounted
## One stay in a room, from the relay's name to the end: connects, then moves the session.
##
## When the relay limits how often one may ask, it waits and asks again, if that is in time.

const Constants := preload("../wire/constants.gd")
const Candidates := preload("../core/candidates.gd")
const Connector := preload("connector.gd")
const Event := preload("../core/event.gd")
const Fallback := preload("fallback.gd")
const Farewell := preload("farewell.gd")
const NetworkConditions := preload("../core/network_conditions.gd")
const PathWatch := preload("../core/path_watch.gd")
const PasswordTask := preload("password_task.gd")
const Reach := preload("reach.gd")
const RelayLink := preload("relay_link.gd")
const RoomChange := preload("../core/room_change.gd")
const RoomSetup := preload("room_setup.gd")
const Session := preload("../core/session.gd")
const SessionDriver := preload("session_driver.gd")
const Stages := preload("../core/stages.gd")
const Wish := preload("../core/wish.gd")

const _COUNTERS: Array[StringName] = [
	&"datagrams_sent", &"datagrams_received", &"bytes_sent", &"bytes_received", &"sends_refused"
]
const _ENDINGS: Array[Event.Type] = [Event.Type.PEER_LEFT, Event.Type.CLOSED]

## The session; null until the relay has answered.
var session: Session = null

## How bad the simulated network is; call [method simulate] when there is one.
var conditions := NetworkConditions.new()

var _wish: Wish
var _reach: Reach
var _connector: Connector
var _driver: SessionDriver = null
var _steady: SessionDriver = null  # moves the session while nothing else has to be looked after
var _fallback: Fallback
var _watch := PathWatch.new()
var _is_dead := false  # UDP
var _now := 0.0  # clock seconds of the last poll
var _give_up_at: float  # clock seconds; INF once connected
var _start_over_at := INF  # clock seconds
var _is_host_asked := false  # whether we may join
var _told_stage := Stages.Stage.RESOLVING
var _own_events: Array[Event] = []
var _password: PasswordTask = null  # until the key of the room to join is ready
var _setup: RoomSetup = null  # of the room, while the relay has not answered
var _entering: Array[Event] = []  # JOINED and what follows, until the new room is set up
var _is_holding := false  # the next news, which wait for the next poll
var _gone: Dictionary[int, bool] = {}  # peers of which it was told in this frame that they left


## Starts connecting; gives up at [param give_up_at], clock seconds.
func _init(wish: Wish, reach: Reach, give_up_at: float) -> void:
	_wish = wish
	_reach = reach
	_fallback = Fallback.new(reach)
	_give_up_at = give_up_at
	wish.locked = wish.locked or _needs_setup()
	if wish.code and wish.password:
		_password = PasswordTask.new(wish.password, wish.code)
	else:
		_connector = Connector.new(wish, reach)


## Does what is due; false when [method next_event] has nothing to tell.
func move(now: float) -> bool:
	if _steady != null and not _steady.poll(now):
		return false
	_now = now
	if _steady == null:
		_poll_parts(now)
	if _steady == null or session.pings.silent_since < INF:
		_look_after(now)
	return true


## Drains one event; null when there is none. After CLOSED there is none.
##
## While [param has_untaken], the end of a peer or of the session waits until the next poll, so
## that the game takes in first what came before it. So does the return of a peer that has left just
## now: its program was restarted, and the game frees its nodes at the end of the frame.
func next_event(has_untaken: bool) -> Event:
	_is_holding = not _is_holding and _must_wait(has_untaken)
	if _is_holding:
		_steady = null
	var event := _take_event() if not _is_holding else null
	if event == null:
		_gone.clear()
	elif event.type == Event.Type.PEER_LEFT:
		_gone[event.peer] = true
	return event


## Returns what carries the datagrams of the session; meaningless without one.
func kind() -> RelayLink.Kind:
	return _driver.link.kind() if _driver != null else RelayLink.Kind.UDP


## Returns how many datagrams have come and gone; over another link it begins anew.
func carried() -> int:
	return _driver.carried() if _driver != null else 0


## Sends datagrams of the session to the relay.
func send(datagrams: Array[PackedByteArray]) -> void:
	if _driver == null:
		return
	var link := _driver.link
	for datagram in datagrams:
		link.send(datagram)
	if _driver.direct != null:
		_driver.send_directly()


## Tells whether datagrams go to a peer's own address.
func is_direct(peer: int) -> bool:
	return session != null and session.direct != null and session.direct.path(peer) != ""


## Changes the room that this side hosts; with a [param password], who joins has to know it.
func change_room(change: RoomChange, password: String) -> Error:
	if session == null or session.peer_id() != 1 or _setup != null:
		return ERR_UNAVAILABLE
	_setup = RoomSetup.new(session, change, password)
	_steady = null
	return OK


## Sends the messages to peers that may leave now.
func flush(now: float) -> void:
	if _driver != null:
		_driver.flush(now)


## Leaves or gives up connecting; ends without an event.
func close(now: float) -> void:
	_give_up_at = INF
	_start_over_at = INF
	_steady = null
	_fallback.stop()
	if _connector != null:
		_connector.close()
		_connector = null
	if _driver != null:
		Farewell.see_off(_driver, now)
		_driver = null
	session = null
	_setup = null
	_entering.clear()
	_password = null


## Begins to follow [member conditions], from the first answer of the relay on.
func simulate() -> void:
	if _driver != null and conditions.is_any():
		_driver.simulate(conditions)


## Returns the bytes that the network adds to each datagram; 0 before there is a path.
func overhead() -> int:
	return _driver.link.overhead if _driver != null else 0


## Adds the counters of the socket and the session to [param statistics].
func add_statistics(statistics: Dictionary[StringName, float]) -> void:
	if _driver == null:
		return
	statistics[&"path"] = kind()
	var pings := session.pings
	if pings != null:
		statistics[&"rtt"] = pings.rtt.smoothed
		statistics[&"jitter"] = pings.rtt.variation
	for counter in _COUNTERS:
		statistics[counter] = _driver.count(counter)
	for direction: String in ["sent", "received"]:
		var headers := _driver.count("datagrams_" + direction) * overhead()
		statistics["wire_bytes_" + direction] = _driver.count("bytes_" + direction) + headers
	var mail := session.mail()
	statistics[&"queued_bytes"] = mail.hub.queued_bytes() if mail != null else 0
	for reason in session.drops:
		statistics[StringName("drop_" + reason)] = session.drops[reason]


## Tells whether the next news has to wait. It stays where it is: as long as the game has not heard
## of a peer, nothing that it sends goes there.
func _must_wait(has_untaken: bool) -> bool:
	var event: Event = _own_events[0] if _own_events else null
	if event == null and session != null:
		event = session.upcoming
	if event == null:
		return false
	if event.type == Event.Type.PEER_JOINED:
		return _gone.has(event.peer)
	return has_untaken and event.type in _ENDINGS


func _poll_parts(now: float) -> void:
	if now >= _start_over_at:
		_start_over()
	_poll_password(now)
	if _connector != null:
		_poll_connector(now)
	elif _driver != null:
		_driver.poll(now)


## Watches what may fail; nothing has to be watched in a steady state.
func _look_after(now: float) -> void:
	_steady = null
	if _driver != null:
		_watch_path(now)
	_wait_for_people()
	if now >= _give_up_at and not _is_decided():
		_fail(_timed_out(), now)
	var is_busy := not _own_events.is_empty() or _is_holding or _setup != null
	if session != null and _give_up_at == INF and not is_busy:
		_steady = _driver if session.pings.silent_since == INF else null


## Gives up later once the host has been asked: people take their time.
func _wait_for_people() -> void:
	if not _is_host_asked and _stage() == Stages.Stage.WAITING:
		_is_host_asked = true
		_give_up_at += Constants.APPROVAL


## Tells whether the room was entered or refused; the game may look for that later.
func _is_decided() -> bool:
	if session == null:
		return false
	var is_closed := session.state() == Constants.MemberState.CLOSED
	return is_closed or session.stage() == Stages.Stage.CONNECTED


func _timed_out() -> PackhorseError:
	var words := Stages.WORDS[_stage()]
	var error := PackhorseError.from_code(PackhorseError.Code.CONNECT_TIMEOUT, words)
	if _connector != null:
		error.attempts = _connector.attempts()
	return error


func _stage() -> Stages.Stage:
	if session != null:
		return session.stage()
	return _connector.stage if _connector != null else _told_stage


func _poll_connector(now: float) -> void:
	_connector.poll(now)
	if _connector.stage != _told_stage:
		_told_stage = _connector.stage
		_own_events.append(Event.stage_changed(_told_stage))
	if _connector.error != null:
		_fail(_connector.error, now)
	elif _connector.winner != null:
		_driver = _connector.winner
		session = _driver.session
		_connector = null
		simulate()


## Asks more often when the relay falls silent over UDP, and moves a session whose UDP is dead to a
## WebSocket, where one can be had.
func _watch_path(now: float) -> void:
	if _reach.transport != Candidates.Transport.AUTO or _driver.link.kind() != RelayLink.Kind.UDP:
		return
	var pings := session.pings
	if session.state() != Constants.MemberState.JOINED or pings.silent_since == INF:
		_is_dead = false
		_fallback.stop()
		return
	var verdict := _watch.judge(pings, now)
	if verdict != PathWatch.Verdict.NOTHING:
		session.check_path(now)
	_is_dead = _is_dead or verdict == PathWatch.Verdict.REPLACE
	var link := _fallback.poll(now) if _is_dead else null
	if link != null:
		_driver.move(link, now)
		simulate()
		_own_events.append(Event.new(Event.Type.PATH_CHANGED))


func _take_event() -> Event:
	if _own_events:
		return _own_events.pop_front()
	var event := session.next_event() if session != null else null
	if event == null:
		return null
	if _setup != null and _setup.take(event):
		return _end_setup()
	if _postpone(event):
		return null
	if event.type == Event.Type.JOINED:
		_enter()
	elif event.type == Event.Type.CLOSED and _is_short_pause(event.error):
		event = _pause(event.error.retry_after)
	return event


## Keeps the news that a new room was entered until that is set up; false for other news.
func _postpone(event: Event) -> bool:
	if event.type == Event.Type.JOINED and _needs_setup():
		var opening := RoomChange.new()
		opening.locked = 0
		opening.approval = 1 if _wish.approves else 0
		_setup = RoomSetup.new(session, opening, _wish.password)
	elif not _entering or event.type != Event.Type.STAGE_CHANGED:
		return false
	_entering.append(event)
	return true


## Tells whether a new room stays locked until its options are set.
func _needs_setup() -> bool:
	var is_new := not _wish.code and _wish.saved == null
	return is_new and (_wish.approves or not _wish.password.is_empty())


func _poll_password(now: float) -> void:
	if _setup != null:
		_setup.poll(now)
	if _password == null:
		return
	_wish.password_key = _password.poll()
	if _wish.password_key:
		_password = null
		_connector = Connector.new(_wish, _reach)


## Tells of the new room once it has its password; a change that fails later is only warned of.
func _end_setup() -> Event:
	var setup := _setup
	_setup = null
	var error := PackhorseError.from_code(setup.code) if setup.code else null
	if not _entering:
		if error != null:
			push_warning("Packhorse: the room was not changed: %s" % error)
		return null
	if error != null:
		_fail(error, _now)
		return null
	_enter()
	_own_events.append_array(_entering)
	_entering.clear()
	return _own_events.pop_front()


func _enter() -> void:
	_give_up_at = INF
	if _reach.may_be_direct():
		_driver.seek_direct_paths()


## Tells whether [param error] asks for a pause that ends in time.
func _is_short_pause(error: PackhorseError) -> bool:
	if error == null or error.code != Constants.ErrorCode.RATE_LIMITED:
		return false
	return error.retry_after > 0.0 and _now + error.retry_after < _give_up_at


func _pause(seconds: float) -> Event:
	_start_over_at = _now + seconds
	_told_stage = Stages.Stage.PAUSED
	_steady = null
	_driver.close()
	_driver = null
	session = null
	return Event.stage_changed(_told_stage, seconds)


func _start_over() -> void:
	_start_over_at = INF
	_is_host_asked = false
	_told_stage = Stages.Stage.RESOLVING
	_own_events.append(Event.stage_changed(_told_stage))
	_connector = Connector.new(_wish, _reach)


func _fail(error: PackhorseError, now: float) -> void:
	close(now)
	_own_events.append(Event.closed(error))
