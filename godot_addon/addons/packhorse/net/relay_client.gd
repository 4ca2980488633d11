extends RefCounted
## One stay in a room, from the relay's name to the end: connects, then moves the session.

const Connector := preload("connector.gd")
const Event := preload("../core/event.gd")
const Farewell := preload("farewell.gd")
const RelayAddress := preload("../core/relay_address.gd")
const Session := preload("../core/session.gd")
const SessionDriver := preload("session_driver.gd")
const Stages := preload("../core/stages.gd")
const Wish := preload("../core/wish.gd")

## The session; null until the relay has answered.
var session: Session = null

var _connector: Connector
var _driver: SessionDriver = null
var _give_up_at: float  # clock seconds; INF once connected
var _told_stage := Stages.Stage.RESOLVING
var _own_events: Array[Event] = []


## Starts connecting; gives up at [param give_up_at], clock seconds.
func _init(wish: Wish, relay: RelayAddress, give_up_at: float) -> void:
	_connector = Connector.new(wish, relay)
	_give_up_at = give_up_at


## Does what is due; then drain [method next_event].
func poll(now: float) -> void:
	if _connector != null:
		_poll_connector(now)
	elif _driver != null:
		_driver.poll(now)
	if now >= _give_up_at:
		var words := Stages.WORDS[_stage()]
		_fail(PackhorseError.from_code(PackhorseError.Code.CONNECT_TIMEOUT, words), now)


## Drains one event; null when there is none. After CLOSED there is none.
func next_event() -> Event:
	if _own_events:
		return _own_events.pop_front()
	var event := session.next_event() if session != null else null
	if event != null and event.type == Event.Type.JOINED:
		_give_up_at = INF
	return event


## Sends [param payload] to [param destination] (0 all, n, -n all but n); nothing happens when
## the session cannot.
func send(payload: PackedByteArray, destination: int) -> void:
	if session == null:
		return
	var datagram := session.encode_data(payload, destination)
	if datagram:
		_driver.send(datagram)


## Leaves or gives up connecting; ends without an event.
func close(now: float) -> void:
	_give_up_at = INF
	if _connector != null:
		_connector.close()
		_connector = null
	if _driver != null:
		Farewell.see_off(_driver, now)
		_driver = null
	session = null


## Adds the counters of the socket and the session to [param statistics].
func add_statistics(statistics: Dictionary[StringName, float]) -> void:
	if _driver == null:
		return
	statistics[&"rtt"] = session.rtt().smoothed
	statistics[&"jitter"] = session.rtt().variation
	statistics[&"datagrams_sent"] = _driver.datagrams_sent
	statistics[&"datagrams_received"] = _driver.datagrams_received
	statistics[&"bytes_sent"] = _driver.bytes_sent
	statistics[&"bytes_received"] = _driver.bytes_received
	statistics[&"sends_refused"] = _driver.sends_refused
	for reason in session.drops:
		statistics[StringName("drop_" + reason)] = session.drops[reason]


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


func _fail(error: PackhorseError, now: float) -> void:
	close(now)
	_own_events.append(Event.closed(error))
