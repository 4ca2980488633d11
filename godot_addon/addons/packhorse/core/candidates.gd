extends RefCounted
## Ways to a relay, in the order in which they are tried: UDP first, then WebSocket, without TLS and
## with it.
##
## Source: protocol_spec/SPEC.md section 17.4; RFC 8305 section 5 for the pauses.

enum Transport { AUTO, UDP, WEBSOCKET }

const Constants := preload("../wire/constants.gd")
const RelayAddress := preload("relay_address.gd")

const _HEAD_START := 0.25  # seconds between addresses


## One way to a relay.
class Candidate:
	var host := ""  ## IP address literal for UDP; empty for WebSocket.
	var port := 0  ## UDP.
	var url := ""  ## Of the WebSocket; empty for UDP.
	## Seconds after the one before, unless all before have failed already.
	var pause := 0.0

	func _to_string() -> String:
		var form := "UDP [%s]:%d" if ":" in host else "UDP %s:%d"
		return url if url else form % [host, port]


## Tells whether [param relay] cannot be reached over UDP, or must not be.
static func is_websocket_alone(relay: RelayAddress, transport: Transport) -> bool:
	return not relay.scheme.is_empty() or transport == Transport.WEBSOCKET


## Returns what to try where [param addresses] are those of the relay's name; a page that was loaded
## with TLS [param needs_tls] for all it does.
static func list(
	relay: RelayAddress, addresses: Array[String], transport: Transport, needs_tls: bool
) -> Array[Candidate]:
	var found: Array[Candidate] = []
	if not is_websocket_alone(relay, transport):
		for address in addresses:
			found.append(_udp(address, relay.port))
	if transport == Transport.UDP:
		return found
	for scheme: String in ["wss"] if needs_tls else ["ws", "wss"]:
		var url := relay.url(scheme)
		if not found or found[-1].url != url:
			found.append(_websocket(url))
	return found


static func _udp(host: String, port: int) -> Candidate:
	var candidate := Candidate.new()
	candidate.host = host
	candidate.port = port
	candidate.pause = _HEAD_START
	return candidate


static func _websocket(url: String) -> Candidate:
	var candidate := Candidate.new()
	candidate.url = url
	candidate.pause = Constants.WS_HEAD_START
	return candidate
