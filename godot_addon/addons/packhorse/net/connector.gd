extends RefCounted
## From a relay's name to a session that the relay has answered: resolves the name, then greets the
## relay on every way to it, a little apart; the first that answers wins.
##
## [member winner] or [member error] is set when that is over.

const Candidates := preload("../core/candidates.gd")
const Constants := preload("../wire/constants.gd")
const Event := preload("../core/event.gd")
const Reach := preload("reach.gd")
const Resolver := preload("resolver.gd")
const SessionDriver := preload("session_driver.gd")
const Stages := preload("../core/stages.gd")
const Wish := preload("../core/wish.gd")

const _WAITING := "no answer yet"

var winner: SessionDriver = null
var error: PackhorseError = null
var stage := Stages.Stage.RESOLVING

var _wish: Wish
var _reach: Reach
var _resolver: Resolver = null
var _left: Array[Candidates.Candidate] = []  # not yet tried
var _drivers: Dictionary[SessionDriver, String] = {}  # with the names of their ways
var _outcomes: Dictionary[String, String] = {}  # of each way that was tried
var _errors: Array[PackhorseError] = []
var _start_next_at := -INF  # clock seconds


func _init(wish: Wish, reach: Reach) -> void:
	_wish = wish
	_reach = reach
	if reach.needs_addresses():
		_resolver = Resolver.new(reach.relay.host)
	else:
		_left = reach.candidates([])


## Does the next steps; call it until [member winner] or [member error] is set.
func poll(now: float) -> void:
	if _resolver != null:
		_resolve()
	_poll_drivers(now)
	if winner != null or error != null:
		return
	if _left and (now >= _start_next_at or not _drivers):
		_greet(_next(), now)
	if _resolver == null and not _drivers and not _left and winner == null and error == null:
		error = _sum_up()


## Returns what became of each way that was tried.
func attempts() -> PackedStringArray:
	var told := PackedStringArray()
	for way in _outcomes:
		told.append("%s: %s" % [way, _outcomes[way]])
	return told


## Gives up; the winner is left alone.
func close() -> void:
	_resolver = null
	_left.clear()
	for driver: SessionDriver in _drivers:
		if driver != winner:
			driver.close()
	_drivers.clear()


func _resolve() -> void:
	match _resolver.poll():
		Resolver.State.FOUND:
			_left = _reach.candidates(_resolver.addresses)
			_resolver = null
		Resolver.State.FAILED:
			error = PackhorseError.from_code(PackhorseError.Code.NAME_UNKNOWN, Stages.WORDS[stage])
			_resolver = null


func _next() -> Candidates.Candidate:
	return _left.pop_front()


func _greet(candidate: Candidates.Candidate, now: float) -> void:
	if _left:
		_start_next_at = now + _left[0].pause
	if candidate.url:
		stage = Stages.Stage.REACHING_WEBSOCKET
	elif stage == Stages.Stage.RESOLVING:
		stage = Stages.Stage.REACHING
	var driver := SessionDriver.new(_wish, _reach.link(candidate), now)
	_outcomes[str(candidate)] = _WAITING
	_drivers[driver] = str(candidate)
	if driver.link.open(now) != OK and driver.link.error == null:
		_fail(driver, PackhorseError.from_code(PackhorseError.Code.NO_SOCKET, Stages.WORDS[stage]))
	_poll_driver(driver, now)


## Lets the ways that were tried go on; an answer that has come decides before another is tried.
func _poll_drivers(now: float) -> void:
	for driver: SessionDriver in _drivers.keys():
		_poll_driver(driver, now)
		if winner != null or error != null:
			return


func _poll_driver(driver: SessionDriver, now: float) -> void:
	if not _drivers.has(driver):
		return
	driver.poll(now)
	if driver.link.error != null:
		_fail(driver, driver.link.error)
	elif driver.session.state() == Constants.MemberState.CLOSED:
		_fail(driver, _cause(driver))
	elif driver.session.stage() != Stages.Stage.REACHING:
		winner = driver
		close()


## Notes the failure of one way; a refusal of the relay decides at once.
func _fail(driver: SessionDriver, cause: PackhorseError) -> void:
	_outcomes[_drivers[driver]] = cause.message
	_drivers.erase(driver)
	_errors.append(cause)
	driver.close()
	if cause.code > 0:
		error = cause


## Returns the error of a race that everybody lost; silence tells more than a closed port, and what
## a server has said more than both.
func _sum_up() -> PackhorseError:
	if not _errors:
		return PackhorseError.from_code(PackhorseError.Code.NO_SOCKET, Stages.WORDS[stage])
	var told := _errors[0]
	for code: PackhorseError.Code in [
		PackhorseError.Code.NO_ANSWER,
		PackhorseError.Code.WEBSOCKET_REFUSED,
		PackhorseError.Code.CERTIFICATE_REFUSED,
	]:
		for each in _errors:
			if each.code == code:
				told = each
	if _errors.size() > 1:
		told.attempts = attempts()
	return told


static func _cause(driver: SessionDriver) -> PackhorseError:
	var event := driver.session.next_event()
	while event.type != Event.Type.CLOSED:
		event = driver.session.next_event()
	return event.error
