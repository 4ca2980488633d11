extends RefCounted
## The addresses of one peer: which are checked, and which is the best.
##
## Source: protocol_spec/SPEC.md sections 18.4 and 18.5.

const CheckPlan := preload("check_plan.gd")
const Constants := preload("../../wire/constants.gd")
const Remote := preload("remote.gd")

## What is known, by address, the oldest first.
var by_address: Dictionary[String, Remote] = {}

var _offered: Dictionary[String, int] = {}  # CandidateKind


## Takes the peer's candidates; what is neither offered nor proven any more goes.
func offer(candidates: Dictionary[String, int]) -> void:
	_offered = candidates
	for address: String in by_address.keys():
		var remote := by_address[address]
		if not (remote.is_learned or remote.is_proven or _offered.has(address)):
			by_address.erase(address)
	for address in _offered:
		_add(address, false)


## Returns the address a valid CHECK came from, as a new one if need be; null without a place.
func learn(address: String) -> Remote:
	return _add(address, true)


## Plans the checks of all addresses that are not proven.
func begin_attempt(at: float) -> void:
	for address in by_address:
		if not by_address[address].is_proven:
			by_address[address].answered_at = -INF
			by_address[address].plan = _plan(address, at)


## Plans the checks of what has come to be known since the attempt began.
func join_attempt(at: float) -> void:
	for address in by_address:
		var remote := by_address[address]
		if not remote.is_proven and remote.plan == null:
			remote.plan = _plan(address, at)


## Checks no address any more that is not proven.
func end_attempt() -> void:
	for address in by_address:
		by_address[address].plan = null


## Returns the address to use: [param used], unless another is clearly better; null for none.
func best(used: Remote, now: float) -> Remote:
	var found: Remote = null
	var is_used_trusted := false
	for address in by_address:
		var remote := by_address[address]
		if remote.is_trusted(now):
			is_used_trusted = is_used_trusted or remote == used
			if found == null or remote.score() < found.score():
				found = remote
	if not is_used_trusted:
		return found
	var gain := maxf(Constants.SWITCH_RTT, Constants.SWITCH_SHARE * maxf(used.score(), 0.0))
	return found if used.score() - found.score() >= gain else used


func _plan(address: String, at: float) -> CheckPlan:
	var kind: int = _offered.get(address, 0)
	return CheckPlan.new(at, kind == Constants.CandidateKind.PREDICTED)


func _add(address: String, is_learned: bool) -> Remote:
	if not by_address.has(address):
		if by_address.size() >= Constants.MAX_REMOTES and not _make_place():
			return null
		by_address[address] = Remote.new(address, is_learned)
	return by_address[address]


## Forgets the oldest learned address that has come to nothing.
func _make_place() -> bool:
	for address in by_address:
		var remote := by_address[address]
		if remote.is_learned and not remote.is_proven and remote.plan == null:
			by_address.erase(address)
			return true
	return false
