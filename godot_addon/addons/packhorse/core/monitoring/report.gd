extends RefCounted
## What a connected peer tells about itself: to the overlay, and to the editor as plain values.

const Self := preload("report.gd")

const _DIRECT := 2.0  # PackhorseMultiplayerPeer.Path.DIRECT

var room_code := ""  ## As people see it.
var peer_id := 0  ## The own id; 0 when not connected.
var statistics: Dictionary[StringName, float] = {}  ## Of the session.
var peers: Dictionary[int, Dictionary] = {}  ## Statistics of the way to each other peer.


## Returns the report that [param values] holds; an empty one where they are none.
static func from_values(values: Array) -> Self:
	var report := Self.new()
	if values.size() != 4:
		return report
	report.room_code = str(values[0])
	report.peer_id = values[1] if values[1] is int else 0
	report.statistics = _numbers(values[2])
	var peers_of: Dictionary = values[3] if values[3] is Dictionary else {}
	for peer: Variant in peers_of:
		if peer is int:
			report.peers[peer] = _numbers(peers_of[peer])
	return report


## Returns plain values, for the way to the editor.
func to_values() -> Array:
	return [room_code, peer_id, statistics, peers]


## Returns the path to the relay in words.
func path() -> String:
	return "WebSocket" if statistics.get(&"path", 0.0) == 1.0 else "UDP"


## Returns the path to a peer in words.
func path_of(peer: int) -> String:
	return "direct" if is_direct(peer) else path()


## Tells whether datagrams go to a peer's own address.
func is_direct(peer: int) -> bool:
	return peers.has(peer) and peers[peer].get(&"path", 0.0) == _DIRECT


static func _numbers(values: Variant) -> Dictionary[StringName, float]:
	var numbers: Dictionary[StringName, float] = {}
	var given: Dictionary = values if values is Dictionary else {}
	for key: Variant in given:
		if given[key] is float or given[key] is int:
			numbers[StringName(str(key))] = given[key]
	return numbers
