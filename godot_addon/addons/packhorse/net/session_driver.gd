extends RefCounted
## Moves one pure session over its own way to the relay.

const Constants := preload("../wire/constants.gd")
const DirectSockets := preload("direct_sockets.gd")
const NetworkConditions := preload("../core/network_conditions.gd")
const OfferedAddresses := preload("../wire/offered_addresses.gd")
const RelayLink := preload("relay_link.gd")
const Session := preload("../core/session.gd")
const SimulatedLink := preload("simulated_link.gd")
const Wish := preload("../core/wish.gd")

## Datagrams that one poll handles at most; further ones wait for the next.
const MAX_DATAGRAMS_PER_POLL := 512

var session: Session
var datagrams_sent := 0
var datagrams_received := 0
var bytes_sent := 0  ## Headers of Packhorse included, those of UDP and IP not.
var bytes_received := 0  ## As [member bytes_sent].
var sends_refused := 0  ## Datagrams that the operating system did not take.

var _crypto := Crypto.new()  # a Callable does not keep its object
var _link: RelayLink
var _dropped := 0  # by the link, and counted
var _direct: DirectSockets = null


func _init(wish: Wish, link: RelayLink, now: float) -> void:
	_link = link
	session = Session.new(wish, link.relay, _crypto.generate_random_bytes, now)


## Begins to open the way to the relay.
func open(now: float) -> Error:
	return _link.open(now)


## Returns why the way to the relay cannot be had; null while it may.
func link_error() -> PackhorseError:
	return _link.error


## Returns what carries the datagrams.
func kind() -> RelayLink.Kind:
	return _link.kind()


## Goes on over [param link], which is open, and takes the session up again there.
func move(link: RelayLink, now: float) -> void:
	if _direct != null:
		_direct.go_beside(link)
	if _direct == null or _direct.own != _link:
		_link.close()
	link.relay = _link.relay  # the session knows the relay by this name
	_link = link
	_dropped = 0
	session.bind(now)


## Looks for direct paths to the peers from now on. Nothing is sought where the relay is at a
## loopback address: then no path is shorter.
func seek_direct_paths() -> void:
	for address: String in [_link.relay, session.mapped_address()]:
		if OfferedAddresses.is_loopback(address):
			return
	_direct = DirectSockets.new(session, _link)


## Receives what has come, lets the session do what is due, and sends what it wants to; false when
## nothing was due and the session has nothing to tell.
func poll(now: float) -> bool:
	var is_quiet := _direct == null or _direct.is_quiet(now)
	if not _link.is_passive:
		_poll_link(now)
		if _link.state == RelayLink.State.OPENING:
			return true
	var pending := _link.pending()
	if not pending and is_quiet and session.is_quiet(now):
		return false
	_receive(_link, pending, now)
	if _direct != null:
		_direct.poll(now)
		if _direct.own != null:
			_receive(_direct.own, _direct.own.pending(), now)
	if not is_quiet or not session.is_quiet(now):
		_work(now)
		return true
	return false


## Sends the messages to peers that may leave now.
func flush(now: float) -> void:
	var mail := session.mail()
	if mail != null:
		for datagram in mail.datagrams_to_send(now):
			send(datagram)
	if _direct != null:
		_send_directly()


## Sends a datagram to the relay.
func send(datagram: PackedByteArray) -> void:
	if _link.send(datagram):
		datagrams_sent += 1
		bytes_sent += datagram.size()
	else:
		sends_refused += 1


## Makes the way to the relay worse, as [param conditions] say now and later.
func simulate(conditions: NetworkConditions) -> void:
	if not _link is SimulatedLink:
		_link = SimulatedLink.new(_link, conditions)
		if _direct != null:
			_direct.wrap(_link, conditions)


## Returns the bytes that the network adds to each datagram.
func overhead() -> int:
	return _link.overhead


## Closes the way to the relay; harmless when closed.
func close() -> void:
	_link.close()
	if _direct != null:
		_direct.close()


func _poll_link(now: float) -> void:
	_link.poll(now)
	if _link.take_reopened() and session.pings != null:
		session.pings.advise(now)
	while _dropped < _link.dropped:
		_dropped += 1
		session.count_drop(Constants.DROP_BUFFER_FULL)


func _work(now: float) -> void:
	if now >= session.next_timeout():
		session.handle_timeout(now)
	for datagram in session.datagrams_to_send():
		send(datagram)
	flush(now)


func _receive(link: RelayLink, pending: int, now: float) -> void:
	var count := mini(pending, MAX_DATAGRAMS_PER_POLL)
	datagrams_received += count
	var is_own := link == _link
	for _index in count:
		var datagram := link.receive()
		bytes_received += datagram.size()
		if is_own or link.source != _link.relay:
			session.receive_datagram(datagram, link.source, now)
		else:
			session.count_drop(Constants.DROP_UNEXPECTED_SOURCE)  # the relay sends elsewhere


func _send_directly() -> void:
	for datagram in session.direct.datagrams_to_send():
		if _direct.send(datagram):
			datagrams_sent += 1
			bytes_sent += datagram.data.size()
