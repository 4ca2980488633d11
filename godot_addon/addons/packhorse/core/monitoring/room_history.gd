extends RefCounted
## What a peer's session and its ways to the others were in the last while, from its reports.

const History := preload("history.gd")
const Report := preload("report.gd")

const CAPACITY := 120  ## Values kept of each figure.
const MAX_PEERS := 64  ## Peers of which a history is kept.

var report := Report.new()  ## The newest.
var session := History.new(CAPACITY)
var peers: Dictionary[int, History] = {}


## Takes in the report of [param now], clock seconds; forgets peers that it does not name.
func add(newest: Report, now: float) -> void:
	report = newest
	session.add(newest.statistics, now)
	for peer: int in peers.keys():
		if not newest.peers.has(peer):
			peers.erase(peer)
	for peer in newest.peers:
		if not peers.has(peer) and peers.size() < MAX_PEERS:
			peers[peer] = History.new(CAPACITY)
		if peers.has(peer):
			peers[peer].add(newest.peers[peer], now)


## Returns the peers in ascending order.
func peer_ids() -> Array[int]:
	var ids: Array[int] = peers.keys()
	ids.sort()
	return ids
