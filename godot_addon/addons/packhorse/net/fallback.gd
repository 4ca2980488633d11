extends RefCounted
## Looks for a WebSocket to a relay that has fallen silent over UDP, while its session lasts.
##
## A relay that was away for both comes back for both: when a WebSocket opens, UDP gets one more
## chance.

const Candidates := preload("../core/candidates.gd")
const Reach := preload("reach.gd")
const RelayLink := preload("relay_link.gd")

const _PAUSE := 2.0  # seconds between attempts
const _LAST_CHANCE := 2.0  # seconds for UDP, which is asked once a second

var _reach: Reach
var _left: Array[Candidates.Candidate] = []  # of this round
var _link: RelayLink = null
var _try_at := -INF  # clock seconds
var _take_at := INF  # clock seconds; when UDP has had its chance


func _init(reach: Reach) -> void:
	_reach = reach


## Does the next step; call it while UDP is dead. Returns the link to go on with, or null.
func poll(now: float) -> RelayLink:
	if _link == null and now >= _try_at:
		_try(now)
	if _link == null:
		return null
	_link.poll(now)
	if _link.state == RelayLink.State.FAILED or _link.state == RelayLink.State.LOST:
		stop()
		_try_at = now + _PAUSE
	elif _link.state == RelayLink.State.OPEN and _take_at == INF:
		_take_at = now + _LAST_CHANCE
	elif now >= _take_at:
		_take_at = INF
		var found := _link
		_link = null
		return found
	return null


## Gives up for now: the relay is heard again.
func stop() -> void:
	if _link != null:
		_link.close()
	_link = null
	_take_at = INF


func _try(now: float) -> void:
	if not _left:
		_left = _reach.candidates([])
	if not _left:  # UDP alone
		_try_at = INF
		return
	var candidate: Candidates.Candidate = _left.pop_front()
	_link = _reach.link(candidate)
	_link.open(now)
