extends RefCounted
## Lists the public rooms of a relay over its own socket: one address after the other, until one
## answers.

const RelayAddress := preload("../core/relay_address.gd")
const Resolver := preload("resolver.gd")
const RoomListing := preload("../core/room_listing.gd")
const Stages := preload("../core/stages.gd")
const UdpLink := preload("udp_link.gd")
const Wish := preload("../core/wish.gd")

var rooms: Array[Dictionary] = []
var is_done := false
var error: PackhorseError = null

var _wish: Wish
var _port: int
var _give_up_at: float  # clock seconds
var _crypto := Crypto.new()  # a Callable does not keep its object
var _resolver: Resolver
var _addresses: Array[String] = []  # not yet asked
var _link: UdpLink = null
var _listing: RoomListing = null


func _init(wish: Wish, relay: RelayAddress, give_up_at: float) -> void:
	_wish = wish
	_port = relay.port
	_give_up_at = give_up_at
	_resolver = Resolver.new(relay.host)


## Does the next steps; call it until [member is_done] or [member error] is set.
func poll(now: float) -> void:
	if is_done or error != null:
		return
	if _resolver != null:
		_resolve()
	elif _listing != null:
		_poll_listing(now)
	else:
		_ask_next(now)
	if now >= _give_up_at and error == null and not is_done:
		error = PackhorseError.from_code(PackhorseError.Code.CONNECT_TIMEOUT, "listing rooms")


func _resolve() -> void:
	match _resolver.poll():
		Resolver.State.FOUND:
			_addresses = _resolver.addresses
			_resolver = null
		Resolver.State.FAILED:
			var words := Stages.WORDS[Stages.Stage.RESOLVING]
			error = PackhorseError.from_code(PackhorseError.Code.NAME_UNKNOWN, words)


func _ask_next(now: float) -> void:
	_link = UdpLink.new(_addresses[0], _port)
	_addresses.remove_at(0)
	_listing = RoomListing.new(_wish, _link.relay, _crypto.generate_random_bytes, now)
	if _link.open() != OK:
		_fail(PackhorseError.from_code(PackhorseError.Code.NO_SOCKET, "listing rooms"))


func _poll_listing(now: float) -> void:
	for _index in _link.pending():
		var datagram := _link.receive()
		_listing.receive_datagram(datagram, _link.source, now)
	var request := _listing.handle_timeout(now)
	if request:
		_link.send(request)
	if _listing.is_done():
		rooms = _listing.rooms()
		is_done = true
	elif _listing.error != null:
		_fail(_listing.error)


## Notes the failure of one address; the last one decides, or one that answered.
func _fail(cause: PackhorseError) -> void:
	_link.close()
	_listing = null
	if not _addresses or cause.code > 0:
		error = cause
