extends RefCounted
## Offers, checks and the choice of a path, for one peer.
##
## Source: protocol_spec/SPEC.md section 18.

const CheckPlan := preload("check_plan.gd")
const Constants := preload("../../wire/constants.gd")
const DirectChannel := preload("direct_channel.gd")
const DirectDatagram := preload("direct_datagram.gd")
const DirectEnd := preload("direct_end.gd")
const Message := preload("../../wire/message.gd")
const OfferedAddresses := preload("../../wire/offered_addresses.gd")
const Offers := preload("offers.gd")
const RateBudget := preload("rate_budget.gd")
const Remote := preload("remote.gd")
const Remotes := preload("remotes.gd")

const _FLOW := 1.0  # seconds after the last datagram in which data counts as flowing
const _BYTE := 256.0

var offers: Offers
## The address in use, trusted or in doubt; null while the relay carries everything.
var used: Remote = null
## The path in use has been silent for longer than it is trusted.
var is_in_doubt := false
## When the budget was last drawn upon, clock seconds.
var served_at := 0.0

var _leads: bool
var _relay: String
var _budget: RateBudget
var _largest: int
var _random_bytes: Callable
var _remotes := Remotes.new()
var _channel: DirectChannel = null
var _attempts_left := Constants.ATTEMPTS
var _attempt_ends := INF
var _next_attempt := INF
var _sent_at := 0.0  # when data last went to the path in use
var _answers := RateBudget.new(Constants.ANSWER_RATE, 2 * Constants.ANSWER_RATE)
var _outbox: Array[DirectDatagram] = []
var _timeout_at := -INF  # clock seconds; -INF when it may have changed
var _planned_at := INF  # when the first planned check is due, clock seconds


## Begins without any path. [param leads]: this side has the lower peer id. [param relay]: address
## of the own relay. [param budget]: what may be sent to addresses that are not proven. [param
## largest]: bytes of the largest datagram.
func _init(
	leads: bool, relay: String, budget: RateBudget, largest: int, random_bytes: Callable
) -> void:
	_leads = leads
	_relay = relay
	_budget = budget
	_largest = largest
	_random_bytes = random_bytes
	offers = Offers.new(DirectEnd.choose(random_bytes))


## Tells the peer where this side may be reached; new hope for both.
func offer(candidates: PackedByteArray, now: float) -> void:
	_timeout_at = -INF
	offers.offer(candidates, now)
	_hope(now)


## Acts upon the peer's offer; returns why not, or an empty name. [param rtt] is that to the relay,
## seconds: about what a signal takes to the peer.
func receive_offer(received: Message, rtt: float, now: float) -> StringName:
	_timeout_at = -INF
	if not OfferedAddresses.is_valid(received.bytes(&"candidates")):
		return Constants.DROP_BAD_FIELD
	if received.number(&"connection") == offers.own.connection:
		_choose_anew(now)
		return Constants.DROP_BAD_FIELD
	var former := offers.peer
	if not offers.receive(received, now):
		return Constants.DROP_REPLAYED
	if offers.peer == received:
		_take_offer(received, former, rtt, now)
	return &""


## Acts upon a CHECK or CHECKED from [param source] that names this side's connection; returns why
## not, or an empty name.
func receive_seal(data: PackedByteArray, source: String, now: float) -> StringName:
	_timeout_at = -INF
	if _channel == null:
		return Constants.DROP_UNKNOWN_SESSION
	var message := _channel.decode(data)
	if message.drop:
		return message.drop
	match message.type:
		Constants.MessageType.CHECK:
			return _answer(message.bytes(&"challenge"), source, now, data.size())
		Constants.MessageType.CHECKED:
			return _take_answer(message.bytes(&"challenge"), source, now)
	return Constants.DROP_UNEXPECTED_MESSAGE


## Notes that DATA or FRAME with [param tag] came directly; returns why it may not, or an empty
## name.
func hear_data(source: String, tag: int, now: float) -> StringName:
	var remote: Remote = _remotes.by_address.get(source)
	if remote == null or now >= remote.vouched_at + Constants.CONSENT_TIME:
		return Constants.DROP_UNEXPECTED_SOURCE
	if tag != offers.own.tag:
		return Constants.DROP_WRONG_TAG
	_timeout_at = -INF
	remote.hear(now)
	return &""


## Sends a DATA or FRAME datagram over the path in use, with the u32 [param word] in the header;
## tells whether data begins to flow with it.
func post(datagram: PackedByteArray, word: int, now: float) -> bool:
	if used == null or offers.peer == null:
		return false
	var copy := datagram.duplicate()
	copy[1] = offers.peer_tag
	copy[2] = word >> 24 & 0xFF
	copy[3] = word >> 16 & 0xFF
	copy[4] = word >> 8 & 0xFF
	copy[5] = word & 0xFF
	_outbox.append(DirectDatagram.new(copy, used.address))
	_timeout_at = -INF
	var begins := now > _sent_at + _FLOW
	_sent_at = now
	return begins


## Returns when [method handle_timeout] has work, clock seconds; INF when never. The offer has its
## own [member Offers.due]; planned checks wait for the budget, too.
func next_timeout() -> float:
	if _timeout_at == -INF:
		_timeout_at = minf(_next_attempt, _attempt_ends)
		for address in _remotes.by_address:
			var remote := _remotes.by_address[address]
			_timeout_at = minf(_timeout_at, _check_due(remote))
		if used != null:
			_timeout_at = minf(_timeout_at, used.consent_ends())
			var ends := used.waiting_since + used.trust()
			ends = ends + Constants.DOUBT_TIME if is_in_doubt else ends
			_timeout_at = minf(_timeout_at, ends)
		_planned_at = INF
		for address in _remotes.by_address:
			var plan := _remotes.by_address[address].plan
			_planned_at = minf(_planned_at, plan.due if plan != null else INF)
	return minf(_timeout_at, maxf(_planned_at, _budget.ready_at()))


## Does what is due; tells whether the path in use has just come into doubt.
func handle_timeout(rtt: float, now: float) -> bool:
	_timeout_at = -INF
	if now >= _attempt_ends:
		_end_attempt(now)
	if now >= _next_attempt:
		_next_attempt = INF
		_lead(rtt, now)
	for address in _remotes.by_address:
		_tend(_remotes.by_address[address], now)
	_check_planned(now)
	_choose(now)
	var was_in_doubt := is_in_doubt
	is_in_doubt = used != null and not used.is_trusted(now)
	return is_in_doubt and not was_in_doubt


## Moves to [param outbox] what goes to the peer's addresses.
func move_datagrams(outbox: Array[DirectDatagram]) -> void:
	if _outbox:
		outbox.append_array(_outbox)
		_outbox.clear()


func _take_offer(received: Message, former: Message, rtt: float, now: float) -> void:
	if former == null or not DirectEnd.of(former).equals(DirectEnd.of(received)):
		_meet(received)
		former = null
	var candidates := received.bytes(&"candidates")
	_remotes.offer(_checkable(OfferedAddresses.decode(candidates)))
	if _leads:
		if former == null or former.bytes(&"candidates") != candidates:
			_seek(rtt, now)
	elif former == null or received.number(&"attempt") != former.number(&"attempt"):
		_begin_attempt(now)
	elif _attempt_ends != INF:
		_remotes.join_attempt(now)


func _checkable(candidates: Dictionary[String, int]) -> Dictionary[String, int]:
	for address: String in candidates.keys():
		if not OfferedAddresses.may_be_checked(address, _relay):
			candidates.erase(address)
	return candidates


## Takes another connection; all that was known of the peer's paths is void.
func _choose_anew(now: float) -> void:
	offers.own = DirectEnd.choose(_random_bytes)
	offers.peer = null
	_channel = null
	used = null
	_remotes = Remotes.new()
	offers.renew(now)


## Begins with a peer of whom nothing is known.
func _meet(received: Message) -> void:
	_remotes = Remotes.new()
	used = null
	_channel = DirectChannel.new(offers.own, DirectEnd.of(received), _leads)


## Looks for a path through what was offered just now.
func _seek(rtt: float, now: float) -> void:
	if _attempt_ends != INF:
		_remotes.join_attempt(now)
	elif used == null:
		_attempts_left = Constants.ATTEMPTS
		_lead(rtt, now)


func _hope(now: float) -> void:
	_attempts_left = Constants.ATTEMPTS
	if _leads and offers.peer != null and used == null:
		_next_attempt = now


## Tells the peer that an attempt begins, and begins it when the peer does.
func _lead(rtt: float, now: float) -> void:
	_attempts_left -= 1
	offers.attempt += 1
	offers.renew(now)
	_begin_attempt(now + rtt)


func _begin_attempt(at: float) -> void:
	_next_attempt = INF
	_attempt_ends = at + Constants.ATTEMPT_TIME
	_remotes.begin_attempt(at)


func _end_attempt(now: float) -> void:
	_attempt_ends = INF
	_remotes.end_attempt()
	if _leads and used == null:
		var pause := 0.0 if _attempts_left > 0 else Constants.ATTEMPT_PAUSE
		_next_attempt = now + pause


func _answer(challenge: PackedByteArray, source: String, now: float, size: int) -> StringName:
	var remote := _remotes.learn(source)
	if remote == null:
		return Constants.DROP_BUFFER_FULL
	if not _answers.take(now):
		return Constants.DROP_RATE_LIMITED
	var answer := _channel.checked(challenge)
	if answer.size() > size:
		return Constants.DROP_REPLY_BUDGET
	remote.vouch(now)
	_outbox.append(DirectDatagram.new(answer, source))
	if not remote.is_proven and (remote.plan == null or remote.plan.due == INF):
		remote.plan = CheckPlan.new(now)
	return &""


func _take_answer(challenge: PackedByteArray, source: String, now: float) -> StringName:
	var remote: Remote = _remotes.by_address.get(source)
	if remote == null or not remote.take_answer(challenge, now):
		return Constants.DROP_UNKNOWN_TRANSACTION
	if not remote.is_proven:
		_check(remote, true, now)
	else:
		remote.plan = null
	_choose(now)
	return &""


## Checks a proven address if that is due.
func _tend(remote: Remote, now: float) -> void:
	if now < _check_due(remote):
		return
	if remote != used and remote.is_hopeless(now):
		remote.give_up()
	else:
		_check(remote, false, now)


## Checks the addresses of an attempt that are due, the longest due first.
func _check_planned(now: float) -> void:
	if now < _budget.ready_at():
		return
	for remote in _planned(now):
		if not _budget.take(now):
			return
		served_at = now
		var random: PackedByteArray = _random_bytes.call(1)
		remote.plan.take(random[0] / _BYTE, now)
		_check(remote, remote.answered_at != -INF, now)


## Returns the addresses of an attempt that are due; those due at one time in their order.
func _planned(now: float) -> Array[Remote]:
	var found: Array[Remote] = []
	for address in _remotes.by_address:
		var remote := _remotes.by_address[address]
		if remote.plan == null or remote.plan.due > now:
			continue
		var place := found.size()
		while place > 0 and found[place - 1].plan.due > remote.plan.due:
			place -= 1
		found.insert(place, remote)
	return found


## Returns when a proven address is checked next, clock seconds; INF when never.
func _check_due(remote: Remote) -> float:
	if not remote.is_proven:
		return INF
	var last := maxf(maxf(remote.heard_at, remote.checked_at), 0.0)
	var is_in_use := remote == used
	var is_waiting := is_in_use and remote.waiting_since != INF
	var flows := is_in_use and _sent_at > last - _FLOW and _sent_at > 0.0
	var quiet := Constants.QUIET_CHECK if is_waiting or flows else Constants.IDLE_CHECK
	return minf(last + quiet, remote.consent_due())


func _check(remote: Remote, is_large: bool, now: float) -> void:
	if _channel == null:
		return
	var challenge: PackedByteArray = _random_bytes.call(Constants.CHALLENGE_SIZE)
	var data := _channel.check(challenge, _largest if is_large else 0)
	remote.note_check(challenge, is_large, now)
	_outbox.append(DirectDatagram.new(data, remote.address))


## Uses the best trusted address; keeps one in doubt for a while.
func _choose(now: float) -> void:
	var best := _remotes.best(used, now)
	if best == null and used != null:
		if not used.is_hopeless(now):
			return
		used.give_up()
		_hope(now)
	if best != used:
		used = best
		if best != null:
			best.plan = null
