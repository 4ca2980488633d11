extends RefCounted
## One address of a peer, as the checks have found it: whether it answers, and how fast.

const CheckPlan := preload("check_plan.gd")
const Constants := preload("../../wire/constants.gd")
const Rtt := preload("../rtt.gd")

const _MAX_OPEN := 32  # checks whose answer still counts

## As Address.show() writes it.
var address: String
## It was not offered: a check came from there.
var is_learned: bool
var rtt := Rtt.new()
## It has answered a CHECK of the largest size.
var is_proven := false
## When it is checked in the present attempt; null outside of one.
var plan: CheckPlan = null
var heard_at := -INF  ## Clock seconds; -INF when never.
var checked_at := -INF  ## As above.
## When the first CHECK was sent after which nothing has come, clock seconds; INF for none.
var waiting_since := INF

var _open: Dictionary[int, float] = {}  # by number: when sent
var _large: Dictionary[int, bool] = {}  # numbers of the large ones


func _init(where: String, was_learned: bool) -> void:
	address = where
	is_learned = was_learned


## Returns the seconds that a CHECK may be without an answer before the path is in doubt.
func trust() -> float:
	return maxf(Constants.TRUST_MIN, Constants.TRUST_RTT * maxf(rtt.smoothed, 0.0))


## Returns the RTT in seconds by which paths are compared; the smaller the better.
func score() -> float:
	var bonus := Constants.IPV6_BONUS if address.begins_with("[") else 0.0
	return maxf(rtt.smoothed, 0.0) - bonus


## Tells whether data may go there.
func is_trusted(now: float) -> bool:
	return is_proven and now < waiting_since + trust()


## Tells whether it has been silent for so long that nothing is believed of it any more.
func is_hopeless(now: float) -> bool:
	return now >= waiting_since + trust() + Constants.DOUBT_TIME


## Notes that the CHECK number [param sequence] goes out.
func note_check(sequence: int, is_large: bool, now: float) -> void:
	_open[sequence] = now
	if is_large:
		_large[sequence] = true
	if _open.size() > _MAX_OPEN:
		var oldest: int = _open.keys()[0]
		_close(oldest)
	checked_at = now
	waiting_since = minf(waiting_since, now)


## Takes CHECKED for the CHECK number [param sequence]; false when it answers none of here.
func take_answer(sequence: int, now: float) -> bool:
	if not _open.has(sequence):
		return false
	rtt.add(maxf(0.0, now - _open[sequence]))
	is_proven = is_proven or _large.has(sequence)
	_close(sequence)
	hear(now)
	return true


## Notes that something valid has come from there.
func hear(now: float) -> void:
	heard_at = now
	waiting_since = INF


## Believes nothing of it any more.
func give_up() -> void:
	is_proven = false
	plan = null
	waiting_since = INF
	_open.clear()
	_large.clear()


func _close(sequence: int) -> void:
	_open.erase(sequence)
	_large.erase(sequence)
