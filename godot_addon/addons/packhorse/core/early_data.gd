extends RefCounted
## Data of peers that the roster does not have yet: held back until they are announced.

const Constants := preload("../wire/constants.gd")
const Header := preload("../wire/header.gd")
const Roster := preload("roster.gd")

var _datagrams: Array[PackedByteArray] = []


## Keeps a DATA or FRAME datagram; false when there is no place.
func hold(datagram: PackedByteArray) -> bool:
	if _datagrams.size() >= Constants.EARLY_DATA:
		return false
	_datagrams.append(datagram)
	return true


## Hands out the datagrams of a peer that has been announced.
func release(peer: int) -> Array[PackedByteArray]:
	var released: Array[PackedByteArray] = []
	if not _datagrams:
		return released
	var kept: Array[PackedByteArray] = []
	for datagram in _datagrams:
		if Header.source_of(datagram) == peer:
			released.append(datagram)
		else:
			kept.append(datagram)
	_datagrams = kept
	return released


## Drops the datagrams of peers that [param roster] says cannot come any more; returns how many.
func discard(roster: Roster) -> int:
	if not _datagrams:
		return 0
	var kept: Array[PackedByteArray] = []
	for datagram in _datagrams:
		if roster.may_come(Header.source_of(datagram)):
			kept.append(datagram)
	var count := _datagrams.size() - kept.size()
	_datagrams = kept
	return count
