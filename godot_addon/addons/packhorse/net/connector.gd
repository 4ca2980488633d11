extends RefCounted
## From a relay's name to a session that the relay has answered: resolves the name, then greets
## every address, a little apart; the first that answers wins.
##
## [member winner] or [member error] is set when that is over.

const Constants := preload("../wire/constants.gd")
const Event := preload("../core/event.gd")
const RelayAddress := preload("../core/relay_address.gd")
const Resolver := preload("resolver.gd")
const SessionDriver := preload("session_driver.gd")
const Stages := preload("../core/stages.gd")
const Wish := preload("../core/wish.gd")

const _HEAD_START := 0.25  # seconds between attempts; RFC 8305 section 5

var winner: SessionDriver = null
var error: PackhorseError = null
var stage := Stages.Stage.RESOLVING

var _wish: Wish
var _port: int
var _resolver: Resolver
var _addresses: Array[String] = []  # not yet greeted
var _drivers: Array[SessionDriver] = []
var _start_next_at := 0.0  # clock seconds


func _init(wish: Wish, relay: RelayAddress) -> void:
	_wish = wish
	_port = relay.port
	_resolver = Resolver.new(relay.host)


## Does the next steps; call it until [member winner] or [member error] is set.
func poll(now: float) -> void:
	if _resolver != null:
		_resolve()
	if _addresses and now >= _start_next_at:
		_start_next_at = now + _HEAD_START
		_greet(_addresses[0], now)
		_addresses.remove_at(0)
	for driver: SessionDriver in _drivers.duplicate():
		_poll_driver(driver, now)
		if winner != null:
			return
	if _resolver == null and not _drivers and not _addresses and error == null:
		error = PackhorseError.from_code(PackhorseError.Code.NO_SOCKET, Stages.WORDS[stage])


## Gives up; the winner is left alone.
func close() -> void:
	_resolver = null
	_addresses.clear()
	for driver in _drivers:
		if driver != winner:
			driver.close()
	_drivers.clear()


func _resolve() -> void:
	match _resolver.poll():
		Resolver.State.FOUND:
			_addresses = _resolver.addresses
			stage = Stages.Stage.REACHING
			_resolver = null
		Resolver.State.FAILED:
			error = PackhorseError.from_code(PackhorseError.Code.NAME_UNKNOWN, Stages.WORDS[stage])
			_resolver = null


func _greet(host: String, now: float) -> void:
	var driver := SessionDriver.new(_wish, host, _port, now)
	if driver.open() == OK:
		_drivers.append(driver)


func _poll_driver(driver: SessionDriver, now: float) -> void:
	driver.poll(now)
	if driver.session.state() == Constants.MemberState.CLOSED:
		_drivers.erase(driver)
		driver.close()
		_fail(driver)
	elif driver.session.stage() != Stages.Stage.REACHING:
		winner = driver
		close()


## Notes the failure of one address; the last one standing decides.
func _fail(driver: SessionDriver) -> void:
	if _drivers or _addresses:
		return
	var event := driver.session.next_event()
	while event != null:
		if event.type == Event.Type.CLOSED:
			error = event.error
		event = driver.session.next_event()
