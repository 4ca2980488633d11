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

var session: Session
## What carries the datagrams to the relay.
var link: RelayLink
## What looks for paths to peers and carries what goes there; null while nothing does.
var direct: DirectSockets = null

var _crypto := Crypto.new()  # a Callable does not keep its object
var _links: Array[RelayLink] = []  # all that this session has had, those to peers alone left out
var _dropped := 0  # by the link, and counted


func _init(wish: Wish, first_link: RelayLink, now: float) -> void:
	session = Session.new(wish, first_link.relay, _crypto.generate_random_bytes, now)
	_use(first_link)


## Goes on over [param next_link], which is open, and takes the session up again there.
func move(next_link: RelayLink, now: float) -> void:
	if direct != null:
		direct.go_beside(next_link)
	if direct == null or direct.own != link:
		link.close()
	next_link.relay = link.relay  # the session knows the relay by this name
	_use(next_link)
	_dropped = 0
	session.bind(now)


## Looks for direct paths to the peers from now on. Nothing is sought where the relay is at a
## loopback address: then no path is shorter.
func seek_direct_paths() -> void:
	for address: String in [link.relay, session.mapped_address()]:
		if OfferedAddresses.is_loopback(address):
			return
	direct = DirectSockets.new(session, link)


## Receives what has come, lets the session do what is due, and sends what it wants to; false when
## nothing was due and the session has nothing to tell.
func poll(now: float) -> bool:
	if not link.deliver(now):
		_look_after_link(now)
		if link.state == RelayLink.State.OPENING:
			return true
	if direct != null and not direct.is_quiet(now):
		_poll_direct(now)
	elif session.is_quiet(now):
		return false
	elif session.has_only_mail(now):
		flush(now)
		return false
	_work(now)
	return true


## Sends the messages to peers that may leave now.
func flush(now: float) -> void:
	var mail := session.mail()
	if mail != null:
		for datagram in mail.datagrams_to_send(now):
			link.send(datagram)
	if direct != null:
		send_directly()


## Sends what goes to addresses of peers.
func send_directly() -> void:
	for datagram in session.direct_datagrams_to_send():
		direct.send(datagram)


## Makes the way to the relay worse, as [param conditions] say now and later.
func simulate(conditions: NetworkConditions) -> void:
	if not link is SimulatedLink:
		_use(SimulatedLink.new(link, conditions))
		if direct != null:
			direct.wrap(link, conditions)


## Returns how many datagrams have come and gone over the links that it has now.
func carried() -> int:
	var sum := link.datagrams_sent + link.datagrams_received
	if direct != null and direct.own != null:
		sum += direct.own.datagrams_sent + direct.own.datagrams_received
	return sum


## Returns one of the counters of all links together, by its name.
func count(counter: StringName) -> int:
	var sum := 0
	for one in _links:
		var counted: int = one.get(counter)
		sum += counted
	if direct != null and direct.own != null and not direct.own in _links:
		var counted: int = direct.own.get(counter)
		sum += counted
	return sum


## Closes the way to the relay; harmless when closed.
func close() -> void:
	link.close()
	if direct != null:
		direct.close()


func _use(new_link: RelayLink) -> void:
	link = new_link
	link.session = session
	_links.append(link)


func _look_after_link(now: float) -> void:
	if link.take_reopened() and session.pings != null:
		session.pings.advise(now)
	while _dropped < link.dropped:
		_dropped += 1
		session.count_drop(Constants.DROP_BUFFER_FULL)


func _poll_direct(now: float) -> void:
	direct.poll(now)
	var own := direct.own
	if own == null:
		return
	for _index in mini(own.pending(), RelayLink.MAX_DATAGRAMS_PER_POLL):
		var datagram := own.receive()
		own.count_received(datagram)
		if own.source != link.relay:
			session.receive_datagram(datagram, own.source, now)
		else:
			session.count_drop(Constants.DROP_UNEXPECTED_SOURCE)  # the relay sends elsewhere


func _work(now: float) -> void:
	if now >= session.next_timeout():
		session.handle_timeout(now)
	for datagram in session.datagrams_to_send():
		link.send(datagram)
	flush(now)
