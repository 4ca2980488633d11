extends RefCounted
## Requests of a session that the relay acknowledges, such as KICK and LEAVE: each is repeated
## with the same bytes until it is answered.
##
## Source: protocol_spec/SPEC.md section 6.

const Retransmission := preload("retransmission.gd")

var _datagrams: Dictionary[int, PackedByteArray] = {}
var _schedules: Dictionary[int, Retransmission] = {}


## Starts a request; [method datagrams_to_send] hands it out.
func open(sequence: int, datagram: PackedByteArray, now: float) -> void:
	_datagrams[sequence] = datagram
	_schedules[sequence] = Retransmission.new(now)


## Starts every open request anew; [param renew] signs it with the keys that hold now.
func begin_again(renew: Callable, now: float) -> void:
	for sequence: int in _datagrams.keys():
		var datagram: PackedByteArray = renew.call(_datagrams[sequence])
		open(sequence, datagram, now)


## Forgets an answered request; false when it was not open.
func close(sequence: int) -> bool:
	_datagrams.erase(sequence)
	return _schedules.erase(sequence)


## Tells whether an open request was sent more than once.
func is_repeating() -> bool:
	for schedule: Retransmission in _schedules.values():
		if schedule.sends > 1:
			return true
	return false


## Returns when a request is due or given up; INF when none is open.
func next_timeout() -> float:
	var earliest := INF
	for schedule: Retransmission in _schedules.values():
		earliest = minf(earliest, schedule.deadline)
	return earliest


## Returns the requests that are due.
func datagrams_to_send(now: float) -> Array[PackedByteArray]:
	var due: Array[PackedByteArray] = []
	for sequence in _schedules:
		var schedule := _schedules[sequence]
		if schedule.is_due(now) and not schedule.is_exhausted():
			schedule.count_send(now)
			due.append(_datagrams[sequence])
	return due


## Forgets and returns the requests that were never answered.
func give_up(now: float) -> Array[int]:
	var failed: Array[int] = []
	for sequence in _schedules:
		if _schedules[sequence].is_exhausted() and _schedules[sequence].is_due(now):
			failed.append(sequence)
	for sequence in failed:
		close(sequence)
	return failed
