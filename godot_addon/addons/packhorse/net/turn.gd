extends RefCounted
## One stay in a room as the network thread sees it: between the frames it takes its turn, unless
## the game is using the same objects just then.
##
## Reliable packets leave while a frame goes on. Unreliable ones wait for its end, so that those to
## several peers become one datagram.
##
## A game that has not polled for a minute hangs: it gets no turns, so that its peers hear of it.

const Outgoing := preload("outgoing.gd")
const RelayClient := preload("relay_client.gd")

const _QUIET_AFTER := 0.25  # seconds without a datagram
const _LONGEST_STANDSTILL := 60.0  # seconds

## When the game has polled last, clock seconds; to be set under the lock.
var polled_at := INF

var _lock: Mutex
var _client: RelayClient
var _outgoing: Outgoing
var _is_over := false
var _carried := 0  # datagrams so far
var _quiet_at := 0.0  # clock seconds


## [param lock] is held by whoever uses the others.
func _init(lock: Mutex, client: RelayClient, outgoing: Outgoing) -> void:
	_lock = lock
	_client = client
	_outgoing = outgoing


## Sends and receives what is due, unless the lock is taken; returns whether to come back soon.
func take() -> bool:
	if not _lock.try_lock():
		return true
	if not _is_over and _now() < polled_at + _LONGEST_STANDSTILL:
		_move()
	_lock.unlock()
	return _now() < _quiet_at


## Takes no turn any more; to be called under the lock.
func end() -> void:
	_is_over = true


func _move() -> void:
	if _outgoing.is_frame_over:
		_outgoing.flush()
	_outgoing.part()
	var now := _now()  # what comes now may answer what has just left
	_client.move(now)
	var carried := _client.carried()
	if carried != _carried:
		_carried = carried
		_quiet_at = now + _QUIET_AFTER


static func _now() -> float:
	return Time.get_ticks_usec() / 1e6
