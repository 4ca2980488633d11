extends RefCounted
## Lists the public rooms of a relay: asks on every way to it, a little apart, until one answers.

const Candidates := preload("../core/candidates.gd")
const ListingDriver := preload("listing_driver.gd")
const Reach := preload("reach.gd")
const Resolver := preload("resolver.gd")
const Stages := preload("../core/stages.gd")
const Wish := preload("../core/wish.gd")

const _STAGE := "listing rooms"

var rooms: Array[Dictionary] = []
var is_done := false
var error: PackhorseError = null

var _wish: Wish
var _reach: Reach
var _give_up_at: float  # clock seconds
var _resolver: Resolver = null
var _left: Array[Candidates.Candidate] = []  # not yet tried
var _drivers: Array[ListingDriver] = []
var _last_error: PackhorseError = null
var _start_next_at := -INF  # clock seconds


func _init(wish: Wish, reach: Reach, give_up_at: float) -> void:
	_wish = wish
	_reach = reach
	_give_up_at = give_up_at
	if reach.needs_addresses():
		_resolver = Resolver.new(reach.relay.host)
	else:
		_left = reach.candidates([])


## Does the next steps; call it until [member is_done] or [member error] is set.
func poll(now: float) -> void:
	if is_done or error != null:
		return
	if _resolver != null:
		_resolve()
	if _left and (now >= _start_next_at or not _drivers):
		_ask(_next(), now)
	for driver: ListingDriver in _drivers.duplicate():
		_poll_driver(driver, now)
	if error == null and _resolver == null and not _drivers and not _left and not is_done:
		error = _last_error
	if now >= _give_up_at and error == null and not is_done:
		error = PackhorseError.from_code(PackhorseError.Code.CONNECT_TIMEOUT, _STAGE)
	if error != null or is_done:
		_close_all()


func _resolve() -> void:
	match _resolver.poll():
		Resolver.State.FOUND:
			_left = _reach.candidates(_resolver.addresses)
			_resolver = null
		Resolver.State.FAILED:
			var words := Stages.WORDS[Stages.Stage.RESOLVING]
			error = PackhorseError.from_code(PackhorseError.Code.NAME_UNKNOWN, words)
			_resolver = null


func _next() -> Candidates.Candidate:
	return _left.pop_front()


func _ask(candidate: Candidates.Candidate, now: float) -> void:
	if _left:
		_start_next_at = now + _left[0].pause
	var driver := ListingDriver.new(_wish, _reach.link(candidate), now)
	if driver.open(now) == OK:
		_drivers.append(driver)
	else:
		_last_error = PackhorseError.from_code(PackhorseError.Code.NO_SOCKET, _STAGE)


func _poll_driver(driver: ListingDriver, now: float) -> void:
	driver.poll(now)
	if driver.listing.is_done():
		rooms = driver.listing.rooms()
		is_done = true
	elif driver.error() != null:
		_fail(driver, driver.error())


## Notes the failure of one way; silence tells more than a closed port, and a refusal of the relay
## decides.
func _fail(driver: ListingDriver, cause: PackhorseError) -> void:
	driver.close()
	_drivers.erase(driver)
	if _last_error == null or _last_error.code != PackhorseError.Code.NO_ANSWER:
		_last_error = cause
	if cause.code > 0:
		error = cause


func _close_all() -> void:
	for driver in _drivers:
		driver.close()
	_drivers.clear()
	_left.clear()
