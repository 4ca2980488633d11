extends RefCounted
## Data of peers that the roster does not have yet: held back until they are announced.

const Constants := preload("../wire/constants.gd")
const Header := preload("../wire/header.gd")
const Roster := preload("roster.gd")

var _datagrams: Array[PackedByteArray] = []
var _held_since: Array[float] = []


## Keeps a DATA or FRAME datagram for EARLY_DATA_LIFETIME; false when there is no place.
func hold(datagram: PackedByteArray, now: float) -> bool:
	if _datagrams.size() >= Constants.EARLY_DATA:
		return false
	_datagrams.append(datagram)
	_held_since.append(now)
	return true


## Drops what has been held for too long; returns how many datagrams that were.
func expire(now: float) -> int:
	var count := 0
	while count < _held_since.size() and _held_since[count] <= now - Constants.EARLY_DATA_LIFETIME:
		count += 1
	_datagrams = _datagrams.slice(count)
	_held_since = _held_since.slice(count)
	return count


## Hands out the datagrams of a peer that has been announced.
func release(peer: int) -> Array[PackedByteArray]:
	return _take(func(source: int) -> bool: return source == peer)


## Drops the datagrams of peers that [param roster] says cannot come any more; returns how many.
func discard(roster: Roster) -> int:
	return _take(func(source: int) -> bool: return not roster.may_come(source)).size()


func _take(is_taken: Callable) -> Array[PackedByteArray]:
	var taken: Array[PackedByteArray] = []
	if not _datagrams:
		return taken
	var kept: Array[PackedByteArray] = []
	var kept_since: Array[float] = []
	for index in _datagrams.size():
		if is_taken.call(Header.source_of(_datagrams[index])):
			taken.append(_datagrams[index])
		else:
			kept.append(_datagrams[index])
			kept_since.append(_held_since[index])
	_datagrams = kept
	_held_since = kept_since
	return taken
