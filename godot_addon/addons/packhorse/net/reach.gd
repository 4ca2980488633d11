extends RefCounted
## How a relay may be reached from here: its address, the transports allowed, whom to trust.

const Candidates := preload("../core/candidates.gd")
const RelayAddress := preload("../core/relay_address.gd")
const RelayLink := preload("relay_link.gd")
const UdpLink := preload("udp_link.gd")
const WebsocketLink := preload("websocket_link.gd")

var relay: RelayAddress
var transport := Candidates.Transport.AUTO
## Certificate that is trusted besides the name in the address; null for those the system trusts.
var certificate: X509Certificate = null
## Shows no address of this machine to the room.
var is_relay_only := false
## Trusts everybody; for tests.
var is_unsafe := false

## In a browser there are neither UDP nor names to resolve.
var _is_web: bool


func _init(address: RelayAddress, is_web := OS.has_feature("web")) -> void:
	relay = address
	_is_web = is_web


## Tells whether there may be a way at all.
func is_possible() -> bool:
	var is_websocket := Candidates.is_websocket_alone(relay, transport) or _is_web
	return transport != Candidates.Transport.UDP or not is_websocket


## Tells whether the addresses of the relay's name have to be known.
func needs_addresses() -> bool:
	return not _is_web


## Tells whether direct paths to peers may be looked for.
func may_be_direct() -> bool:
	return not is_relay_only and not _is_web


## Returns the ways, in the order in which to try them.
func candidates(addresses: Array[String]) -> Array[Candidates.Candidate]:
	var used := Candidates.Transport.WEBSOCKET if _is_web else transport
	return Candidates.list(relay, addresses, used, _is_web and _is_page_secure())


## Returns the link of one of them.
func link(candidate: Candidates.Candidate) -> RelayLink:
	if candidate.url:
		return WebsocketLink.new(candidate.url, _tls_options(), _is_web)
	return UdpLink.new(candidate.host, candidate.port)


func _tls_options() -> TLSOptions:
	return TLSOptions.client_unsafe() if is_unsafe else TLSOptions.client(certificate)


static func _is_page_secure() -> bool:
	return str(JavaScriptBridge.eval("window.location.protocol")) == "https:"
