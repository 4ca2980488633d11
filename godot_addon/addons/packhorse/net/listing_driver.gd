extends RefCounted
## Moves one question for the public rooms over its own way to the relay.

const RelayLink := preload("relay_link.gd")
const RoomListing := preload("../core/room_listing.gd")
const Wish := preload("../core/wish.gd")

var listing: RoomListing

var _crypto := Crypto.new()  # a Callable does not keep its object
var _link: RelayLink


func _init(wish: Wish, link: RelayLink, now: float) -> void:
	_link = link
	listing = RoomListing.new(wish, link.relay, _crypto.generate_random_bytes, now)


## Begins to open the way to the relay.
func open(now: float) -> Error:
	return _link.open(now)


## Returns why this way has failed; null while it may succeed.
func error() -> PackhorseError:
	return _link.error if _link.error != null else listing.error


## Receives what has come, and asks when that is due.
func poll(now: float) -> void:
	_link.poll(now)
	if _link.state == RelayLink.State.OPENING:
		return
	for _index in _link.pending():
		var datagram := _link.receive()
		listing.receive_datagram(datagram, _link.source, now)
	var request := listing.handle_timeout(now)
	if request:
		_link.send(request)


## Closes the way to the relay; harmless when closed.
func close() -> void:
	_link.close()
