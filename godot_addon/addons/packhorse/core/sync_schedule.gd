extends RefCounted
## When to ask for missed room events: SYNC goes out when the roster is behind and is repeated,
## ever less often.

const Constants := preload("../wire/constants.gd")
const Retransmission := preload("retransmission.gd")
const Roster := preload("roster.gd")

const _LONGEST_RETRY := 4.0  # seconds

## By then the first roster must have come; clock seconds.
var gives_up_at: float

var _roster: Roster
var _wait := Constants.SYNC_RETRY
var _is_wanted := false
var _send_at: float


func _init(roster: Roster, now: float) -> void:
	_roster = roster
	_send_at = now + Constants.SYNC_RETRY  # the relay pushes the first roster by itself
	gives_up_at = now + Retransmission.give_up_after()


## Tells whether the member does not know the room as it is now.
func is_needed() -> bool:
	return _is_wanted or _roster.is_behind()


## The relay sends the roster unasked; asks when it does not come.
func begin_again(now: float) -> void:
	_is_wanted = false
	_wait = Constants.SYNC_RETRY
	_send_at = now + Constants.SYNC_RETRY


## Asks although no newer revision was heard of: there is data of an unknown peer.
func want() -> void:
	_is_wanted = true


## Notes that EVENTS or ROSTER came.
func satisfy() -> void:
	_is_wanted = false
	if not is_needed():
		_wait = Constants.SYNC_RETRY
		_send_at = 0.0


## Returns when SYNC must go out; INF when it need not.
func next_timeout() -> float:
	return _send_at if is_needed() else INF


## Tells whether SYNC must go out.
func is_due(now: float) -> bool:
	return is_needed() and now >= _send_at


## Notes that SYNC was sent.
func count_send(now: float) -> void:
	_send_at = now + _wait
	_wait = minf(_wait * 2.0, _LONGEST_RETRY)
