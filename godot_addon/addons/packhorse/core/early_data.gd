extends RefCounted
## Data of peers that the roster does not have yet: held back until they are announced.

const Constants := preload("../wire/constants.gd")
const Event := preload("event.gd")
const Roster := preload("roster.gd")

var _events: Array[Event] = []


## Keeps a message; false when there is no place.
func hold(event: Event) -> bool:
	if _events.size() >= Constants.EARLY_DATA:
		return false
	_events.append(event)
	return true


## Hands out the messages of a peer that has been announced.
func release(peer: int) -> Array[Event]:
	var released: Array[Event] = []
	if not _events:
		return released
	var kept: Array[Event] = []
	for event in _events:
		if event.peer == peer:
			released.append(event)
		else:
			kept.append(event)
	_events = kept
	return released


## Drops the messages of peers that [param roster] says cannot come any more; returns how many.
func discard(roster: Roster) -> int:
	if not _events:
		return 0
	var kept: Array[Event] = []
	for event in _events:
		if roster.may_come(event.peer):
			kept.append(event)
	var count := _events.size() - kept.size()
	_events = kept
	return count
