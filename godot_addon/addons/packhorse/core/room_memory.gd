extends RefCounted
## What a host has made of its room: a relay that was restarted has to be told again, once in each
## epoch.

const RoomChange := preload("room_change.gd")

## Whether [method take_untold] has nothing to return in this epoch.
var is_told := true

var _start := RoomChange.new()
var _made := RoomChange.new()  # what the relay has acknowledged
var _open: Dictionary[int, RoomChange] = {}  # requests without an answer, oldest first
var _own: Dictionary[int, bool] = {}  # requests that are not the application's


## Starts with a room that was made locked (1) or not (0), or [constant RoomChange.UNCHANGED] where
## this is not known.
func _init(is_locked: int) -> void:
	_start.locked = is_locked


## Tells whether the room is guarded, or is to be (SPEC.md section 8.7).
func is_guarded() -> bool:
	var changes: Array[RoomChange] = [_start.then(_made)]
	changes.append_array(_open.values())
	return changes.any(func(change: RoomChange) -> bool: return change.is_guarding())


## Notes a request; [param is_own] tells that it is not the application's.
func open(sequence: int, change: RoomChange, is_own: bool) -> void:
	_open[sequence] = change
	if is_own:
		_own[sequence] = true


## Notes how a request ended; true when it was not the application's.
func close(sequence: int, code: int) -> bool:
	if code == 0 and _open.has(sequence):
		_made = _made.then(_open[sequence])
	_open.erase(sequence)
	return _own.erase(sequence)


## Notes that the relay may have forgotten all of them; GRANT tells the topology.
func begin_epoch() -> void:
	is_told = false
	_made = _made.then(RoomChange.new())
	_made.topology = RoomChange.UNCHANGED


## Returns what the relay has to be told again, once: the doors first and by themselves, because
## they must not depend on a place in the list. The topology stands in the resume ticket.
## Source: protocol_spec/SPEC.md section 8.7.
func take_untold() -> Array[RoomChange]:
	if is_told:
		return []
	is_told = true
	var known := _made
	for sequence in _open:
		known = known.then(_open[sequence])
	if known.is_nothing():
		return []
	var doors := _start.then(known)
	var listing := RoomChange.new()
	listing.listed = doors.listed
	listing.metadata = doors.metadata
	doors.topology = RoomChange.UNCHANGED
	doors.listed = RoomChange.UNCHANGED
	doors.metadata = null
	var untold: Array[RoomChange] = [doors, listing]
	return untold.filter(func(change: RoomChange) -> bool: return not change.is_nothing())
