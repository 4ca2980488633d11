extends RefCounted
## Data of peers that the roster does not have yet: held back until they are announced.

const Constants := preload("../wire/constants.gd")
const Event := preload("event.gd")
const Roster := preload("roster.gd")

var _events: Array[Event] = []
var _held_since: Array[float] = []


## Keeps a message for EARLY_DATA_LIFETIME; false when there is no place.
func hold(event: Event, now: float) -> bool:
	if _events.size() >= Constants.EARLY_DATA:
		return false
	_events.append(event)
	_held_since.append(now)
	return true


## Drops what has been held for too long; returns how many messages that were.
func expire(now: float) -> int:
	var count := 0
	while count < _held_since.size() and _held_since[count] <= now - Constants.EARLY_DATA_LIFETIME:
		count += 1
	_events = _events.slice(count)
	_held_since = _held_since.slice(count)
	return count


## Hands out the messages of a peer that has been announced.
func release(peer: int) -> Array[Event]:
	return _take(func(source: int) -> bool: return source == peer)


## Drops the messages of peers that [param roster] says cannot come any more; returns how many.
func discard(roster: Roster) -> int:
	return _take(func(source: int) -> bool: return not roster.may_come(source)).size()


func _take(is_taken: Callable) -> Array[Event]:
	var taken: Array[Event] = []
	if not _events:
		return taken
	var kept: Array[Event] = []
	var kept_since: Array[float] = []
	for index in _events.size():
		if is_taken.call(_events[index].peer):
			taken.append(_events[index])
		else:
			kept.append(_events[index])
			kept_since.append(_held_since[index])
	_events = kept
	_held_since = kept_since
	return taken
