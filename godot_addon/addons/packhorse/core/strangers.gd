extends RefCounted
## Who was in the room before this member and may not know it yet.
##
## Such a peer addresses all that it knows, and means others; the relay gives that to this member,
## too. A game cannot use it: Godot tells every peer first which node a number stands for. So it is
## refused until something has come from the peer for this member alone. What comes for one that was
## restarted may be meant for the process before it: there, only an answer counts.
## Source: protocol_spec/SPEC.md section 7.4.

const Constants := preload("../wire/constants.gd")

const _OVERTAKEN := 0.25  # of the RTT: so much later comes what was overtaken; RFC 8985

## Nobody knows the process of this member, unless in [member known].
var is_restarted: bool
## Who knows this member by what it has sent, among those of whom that was in doubt.
var known: Dictionary[int, bool] = {}

var _own_id: int
var _met_at: Dictionary[int, float] = {}  # clock seconds
var _refused_since: Dictionary[int, float] = {}
var _asked_at: Dictionary[int, float] = {}


## Starts as member [param own_id]; nobody knows one that was [param restarted] any more.
func _init(own_id: int, restarted: bool) -> void:
	_own_id = own_id
	is_restarted = restarted


## Tells whether [param peer] may not know this member yet.
func has(peer: int) -> bool:
	return (peer < _own_id or is_restarted) and not known.has(peer)


## Notes that something has come from [param peer], for this member alone when it [param is_single];
## [param rtt] to it is in seconds, below 0 while it has answered nothing.
func meet(peer: int, is_single: bool, rtt: float, now: float) -> void:
	if not _met_at.has(peer) and (rtt >= 0.0 or is_single and not is_restarted):
		_met_at[peer] = now


## Tells whether what comes from [param peer] for this member alone may be meant for the process
## before it: until the peer has answered.
func means_another(peer: int) -> bool:
	return is_restarted and not known.has(peer) and not _met_at.has(peer)


## Tells whether to refuse what [param peer] sends to several; [param rtt] to it is in seconds,
## below 0 when it is not known. After STRANGER_TIME nothing is refused any more.
func refuses(peer: int, rtt: float, now: float) -> bool:
	if not _refused_since.has(peer):
		_refused_since[peer] = now
	if has_settled(peer, rtt, now):
		return false
	if now < _refused_since[peer] + Constants.STRANGER_TIME:
		return true
	_settle(peer)
	return false


## Tells whether [param peer] has known this member for so long that all it sent before has come;
## it is a stranger no more then. Parameters as in [method refuses].
func has_settled(peer: int, rtt: float, now: float) -> bool:
	var met_at: float = _met_at.get(peer, INF)
	if now < met_at + _OVERTAKEN * maxf(rtt, 0.0):
		return false
	_settle(peer)
	return true


## Tells whether [param peer] is to be asked for an answer now, which counts as asked.
func ask(peer: int, now: float) -> bool:
	var ask_at: float = _asked_at.get(peer, -INF) + Constants.STRANGER_RETRY
	if _met_at.has(peer) or now < ask_at:
		return false
	_asked_at[peer] = now
	return true


## Drops what is known of a peer that has left.
func forget(peer: int) -> void:
	known.erase(peer)
	_met_at.erase(peer)
	_refused_since.erase(peer)
	_asked_at.erase(peer)


func _settle(peer: int) -> void:
	forget(peer)
	known[peer] = true
