extends RefCounted
## What carries datagrams to peers' addresses: the link to the relay where that is UDP, else a
## socket of its own; and which addresses of this machine peers are offered.

const DirectDatagram := preload("../core/direct/direct_datagram.gd")
const DirectSocket := preload("direct_socket.gd")
const NetworkConditions := preload("../core/network_conditions.gd")
const OwnAddresses := preload("../core/direct/own_addresses.gd")
const RelayLink := preload("relay_link.gd")
const Session := preload("../core/session.gd")
const SimulatedLink := preload("simulated_link.gd")

const _REFRESH := 30.0  # seconds after which the addresses of this machine are looked up again

## The socket for peers alone; null while the link to the relay serves them, too.
var own: RelayLink = null

var _session: Session
var _link: RelayLink
var _offer_at := -INF  # clock seconds


## Starts with the [param link] to the relay.
func _init(session: Session, link: RelayLink) -> void:
	_session = session
	_link = link


## Goes on beside another link to the relay; peers keep the socket that they have.
func go_beside(link: RelayLink) -> void:
	if own == null and _link.peer_port():
		own = _link
	_link = link
	_offer_at = -INF


## Goes on with a link that wraps the one before.
func wrap(link: RelayLink, conditions: NetworkConditions) -> void:
	_link = link
	if own != null and not own is SimulatedLink:
		own = SimulatedLink.new(own, conditions)


## Tells that [method poll] has nothing to do now.
func is_quiet(now: float) -> bool:
	return own == null and now < _offer_at


## Tells the peers where this machine is, now and then anew: it may move.
func poll(now: float) -> void:
	if own != null:
		own.poll(now)
	if now < _offer_at or _session.mail() == null:
		return
	_offer_at = now + _REFRESH
	if own == null and not _link.peer_port():
		_open(now)
	var port := _link.peer_port() if own == null else own.peer_port()
	if port:
		var found := OwnAddresses.list(IP.get_local_addresses(), port)
		_session.direct.seek(found, own == null, now)


## Sends a datagram; false when the system refuses it.
func send(datagram: DirectDatagram) -> bool:
	var link := _link if own == null else own
	return link.send_to(datagram.data, datagram.address)


## Closes the own socket; harmless when closed.
func close() -> void:
	if own != null:
		own.close()


func _open(now: float) -> void:
	var socket := DirectSocket.new()
	if socket.open(now) == OK:
		own = socket
