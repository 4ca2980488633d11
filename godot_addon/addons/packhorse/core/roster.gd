extends RefCounted
## Who is in the room: kept in step with the relay by revision.
##
## The relay tells every change once. A member that finds a gap, or hears of a newer revision,
## asks for what it missed and gets the events or, page by page, the whole roster.
## Source: protocol_spec/SPEC.md section 7.

const Constants := preload("../wire/constants.gd")
const Event := preload("event.gd")

const _STATE_MASK := 1  # of what ROSTER says of a peer; above it are the restarts
const _RESTARTS_SHIFT := 1

## Revision of [member peers]; 0 before the first roster.
var revision := 0
## Peer id to its PeerState, this member included.
var peers: Dictionary[int, int] = {}
## Peer id to how often it was restarted, 0..63, this member included.
var restarts: Dictionary[int, int] = {}

var _newest_revision := 0
var _highest_peer := 0
var _pages: Dictionary[int, Array] = {}
var _pages_revision := 0


## Tells whether the relay has a newer revision.
func is_behind() -> bool:
	return revision < _newest_revision


## Tells whether an unknown peer id can be that of a member not yet announced.
func may_come(peer: int) -> bool:
	return peer > _highest_peer


## Notes that the relay is at [param relay_revision].
func hear_of(relay_revision: int) -> void:
	_newest_revision = maxi(_newest_revision, relay_revision)


## Applies the records of EVENTS; those behind a gap wait for a SYNC.
func apply_events(records: Array[PackedInt64Array]) -> Array[Event]:
	var changes: Array[Event] = []
	for record in records:
		hear_of(record[0])
		if revision > 0 and record[0] == revision + 1:
			revision = record[0]
			changes.append_array(_apply(record[1], record[2], record[3]))
	return changes


## Takes the next complete roster, whatever its revision: the relay may count anew.
func begin_again(relay_revision: int) -> void:
	revision = 0
	_newest_revision = relay_revision
	_pages.clear()
	_pages_revision = 0


## Takes in one page of ROSTER; the last missing one replaces the roster. In a recovering room
## whoever is not listed may still come back: such a peer is lost.
func apply_page(
	page_revision: int,
	page: int,
	pages: int,
	records: Array[PackedInt64Array],
	is_recovering := false
) -> Array[Event]:
	hear_of(page_revision)
	if page_revision < maxi(revision, _pages_revision) or page >= pages:
		return []
	if page_revision > _pages_revision:
		_pages.clear()
		_pages_revision = page_revision
	_pages[page] = records
	if _pages.size() < pages:
		return []
	var entries: Array[PackedInt64Array] = []
	for number in pages:
		entries.append_array(_pages[number])
	_pages.clear()
	revision = page_revision
	return _replace(entries, is_recovering)


func _apply(kind: int, peer: int, code: int) -> Array[Event]:
	if kind == Constants.RoomEventKind.PEER_JOINED:
		return _add(peer, Constants.PeerState.PRESENT, code % Constants.GENERATIONS)
	if not peers.has(peer):
		return []
	match kind:
		Constants.RoomEventKind.PEER_LEFT:
			_remove(peer)
			return [Event.new(Event.Type.PEER_LEFT, peer, code)]
		Constants.RoomEventKind.PEER_LOST:
			return _set_state(peer, Constants.PeerState.LOST)
		Constants.RoomEventKind.PEER_FOUND:
			return _set_state(peer, Constants.PeerState.PRESENT)
	return []


func _replace(entries: Array[PackedInt64Array], is_recovering: bool) -> Array[Event]:
	var wanted: Dictionary[int, int] = {}
	for entry in entries:
		wanted[entry[0]] = entry[1]
	var changes: Array[Event] = []
	for peer: int in peers.keys():
		if wanted.has(peer):
			continue
		if is_recovering:
			changes.append_array(_set_state(peer, Constants.PeerState.LOST))
		else:
			_remove(peer)
			changes.append(Event.new(Event.Type.PEER_LEFT, peer))
	for peer in wanted:
		var state := wanted[peer] & _STATE_MASK as Constants.PeerState
		var count := wanted[peer] >> _RESTARTS_SHIFT
		changes.append_array(_add(peer, state, count % Constants.GENERATIONS))
	return changes


func _add(peer: int, state: Constants.PeerState, count: int) -> Array[Event]:
	if peers.has(peer) and restarts[peer] == count:
		return _set_state(peer, state)
	var changes: Array[Event] = []
	if peers.has(peer):
		changes.append(Event.new(Event.Type.PEER_LEFT, peer, Constants.ErrorCode.REPLACED))
	peers[peer] = state
	restarts[peer] = count
	_highest_peer = maxi(_highest_peer, peer)
	changes.append(Event.new(Event.Type.PEER_JOINED, peer))
	if state == Constants.PeerState.LOST:
		changes.append(Event.new(Event.Type.PEER_LOST, peer))
	return changes


func _remove(peer: int) -> void:
	peers.erase(peer)
	restarts.erase(peer)


func _set_state(peer: int, state: Constants.PeerState) -> Array[Event]:
	if peers[peer] == state:
		return []
	peers[peer] = state
	var is_lost := state == Constants.PeerState.LOST
	return [Event.new(Event.Type.PEER_LOST if is_lost else Event.Type.PEER_FOUND, peer)]
