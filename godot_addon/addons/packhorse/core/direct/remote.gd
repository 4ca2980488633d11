extends RefCounted
## One address of a peer, as the checks have found it: whether it answers, and how fast.

const CheckPlan := preload("check_plan.gd")
const Constants := preload("../../wire/constants.gd")
const Rtt := preload("../rtt.gd")

const _CONSENT_RETRY := 1.0  # seconds between checks that ask for consent
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
## When a valid CHECK or CHECKED last came from there, clock seconds; -INF when never.
var vouched_at := -INF
## When it last answered a CHECK, clock seconds: only who gets what is sent there can.
var answered_at := -INF
## When the first CHECK was sent after which nothing has come, clock seconds; INF for none.
var waiting_since := INF

var _open: Dictionary[PackedByteArray, float] = {}  # by challenge: when sent
var _large: Dictionary[PackedByteArray, bool] = {}  # challenges of the large ones


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
	if not is_proven or now >= maxf(answered_at, 0.0) + Constants.CONSENT_TIME:
		return false
	return waiting_since == INF or now < waiting_since + trust()


## Returns when data may not go there any more, unless it answers before, clock seconds.
func consent_ends() -> float:
	return maxf(answered_at, 0.0) + Constants.CONSENT_TIME


## Returns when it is asked for consent next, clock seconds.
func consent_due() -> float:
	var asked := maxf(checked_at, 0.0) + _CONSENT_RETRY
	return maxf(maxf(answered_at, 0.0) + Constants.IDLE_CHECK, asked)


## Tells whether it has been silent for so long that nothing is believed of it any more.
func is_hopeless(now: float) -> bool:
	var is_silent := now >= waiting_since + trust() + Constants.DOUBT_TIME
	return is_silent or now >= answered_at + Constants.CONSENT_TIME


## Notes that the CHECK with [param challenge] goes out.
func note_check(challenge: PackedByteArray, is_large: bool, now: float) -> void:
	_open[challenge] = now
	if is_large:
		_large[challenge] = true
	if _open.size() > _MAX_OPEN:
		var oldest: PackedByteArray = _open.keys()[0]
		_close(oldest)
	checked_at = now
	waiting_since = minf(waiting_since, now)


## Takes CHECKED; false when it answers no CHECK that went there.
func take_answer(challenge: PackedByteArray, now: float) -> bool:
	if not _open.has(challenge):
		return false
	rtt.add(maxf(0.0, now - _open[challenge]))
	is_proven = is_proven or _large.has(challenge)
	_close(challenge)
	answered_at = now
	vouch(now)
	return true


## Notes that a valid CHECK or CHECKED has come from there.
func vouch(now: float) -> void:
	vouched_at = now
	hear(now)


## Notes that something has come from there.
func hear(now: float) -> void:
	heard_at = now
	waiting_since = INF


## Believes nothing of it any more.
func give_up() -> void:
	is_proven = false
	plan = null
	waiting_since = INF
	answered_at = -INF
	_open.clear()
	_large.clear()


func _close(challenge: PackedByteArray) -> void:
	_open.erase(challenge)
	_large.erase(challenge)
