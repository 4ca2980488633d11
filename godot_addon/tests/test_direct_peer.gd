extends "res://tests/test_case.gd"
## The paths to one peer: two sides, joined by hand.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const DirectDatagram := preload("res://addons/packhorse/core/direct/direct_datagram.gd")
const DirectPeer := preload("res://addons/packhorse/core/direct/direct_peer.gd")
const OfferedAddresses := preload("res://addons/packhorse/wire/offered_addresses.gd")
const Offers := preload("res://addons/packhorse/core/direct/offers.gd")
const RateBudget := preload("res://addons/packhorse/core/direct/rate_budget.gd")

const LOW := "192.0.2.1:1"
const HIGH := "192.0.2.2:2"
const STRANGER := "203.0.113.9:9"
const RELAY := "203.0.113.1:6969"
const LARGEST := 1200
const SMALL := 64  # bytes that a check without padding stays below

var _random := RandomNumberGenerator.new()
var _low: DirectPeer = _side(true)
var _high: DirectPeer = _side(false)
var _now := 100.0


func _init() -> void:
	_low.offer(OfferedAddresses.encode({LOW: Constants.CandidateKind.HOST}), _now)
	_high.offer(OfferedAddresses.encode({HIGH: Constants.CandidateKind.HOST}), _now)
	_signal()


func _side(leads: bool) -> DirectPeer:
	var checks := RateBudget.new(Constants.CHECK_RATE, Constants.CHECK_BURST)
	return DirectPeer.new(leads, RELAY, checks, LARGEST, _random_bytes)


## Puts a peer that knows nothing in the place of the one with the higher id.
func _start_high_anew() -> void:
	_high = _side(false)
	_high.offer(OfferedAddresses.encode({HIGH: Constants.CandidateKind.HOST}), _now)
	_signal()


func _random_bytes(size: int) -> PackedByteArray:
	var bytes := PackedByteArray()
	for _index in size:
		bytes.append(_random.randi() & 0xFF)
	return bytes


## Carries offers until there are none.
func _signal() -> void:
	while minf(_low.offers.due, _high.offers.due) <= _now:
		for pair: Array in [[_low, _high], [_high, _low]]:
			var sender: DirectPeer = pair[0]
			var receiver: DirectPeer = pair[1]
			var data := sender.offers.take(_now)
			if data:
				receiver.receive_offer(Offers.decode(data), 0.0, _now)


func _sent(side: DirectPeer) -> Array[DirectDatagram]:
	var datagrams: Array[DirectDatagram] = []
	side.move_datagrams(datagrams)
	return datagrams


## Lets time pass and carries everything at once.
func _run(seconds: float) -> void:
	var until := _now + seconds
	while _now < until:
		_now += 0.01
		_low.handle_timeout(0.0, _now)
		_high.handle_timeout(0.0, _now)
		_signal()
		for _round in 4:
			for datagram in _sent(_low):
				_high.receive_seal(datagram.data, LOW, _now)
			for datagram in _sent(_high):
				_low.receive_seal(datagram.data, HIGH, _now)


## Returns the first check of the side with the lower id.
func _first_check() -> PackedByteArray:
	_low.handle_timeout(0.0, _now)
	_sent(_high)
	return _sent(_low)[0].data


func test_both_sides_find_the_path() -> void:
	_run(0.2)

	assert_eq(_low.used.address, HIGH, "path of the one")
	assert_eq(_high.used.address, LOW, "path of the other")


func test_check_has_about_the_largest_size_only_after_a_small_one_was_answered() -> void:
	var check := _first_check()
	_high.receive_seal(check, LOW, _now)
	var answer := _sent(_high)[0]
	_low.receive_seal(answer.data, HIGH, _now)
	var second := _sent(_low)[0].data

	assert_true(check.size() < SMALL, "first check: %d" % check.size())
	assert_eq(answer.address, LOW, "where the answer goes")
	assert_true(answer.data.size() <= check.size(), "answer: %d" % answer.data.size())
	assert_true(second.size() in range(LARGEST - 15, LARGEST + 1), "second: %d" % second.size())
	assert_eq(_low.used, null, "path after a small check")


func test_large_check_is_sent_again_when_it_was_lost() -> void:
	_high.receive_seal(_first_check(), LOW, _now)
	_low.receive_seal(_sent(_high)[0].data, HIGH, _now)
	_sent(_low)
	_low.handle_timeout(0.0, _now + 0.1)
	var again := _sent(_low)

	assert_eq(again.size(), 1, "checks")
	assert_true(again[0].data.size() > SMALL, "size: %d" % again[0].data.size())


func test_attack_no_large_check_goes_where_nothing_has_answered() -> void:
	var sizes: Array[int] = []
	while _now < 100.0 + Constants.ATTEMPT_TIME:
		_now += 0.05
		_low.handle_timeout(0.0, _now)
		for datagram in _sent(_low):
			sizes.append(datagram.data.size())

	assert_true(sizes.size() > 20, "checks: %d" % sizes.size())
	var largest: int = sizes.max()
	assert_true(largest < SMALL, "largest: %d" % largest)


func test_attack_answer_to_a_check_that_its_sender_did_not_get_is_refused() -> void:
	_first_check()
	var victim := _low._remotes.by_address[HIGH]

	for guess: String in ["0000000000000000", "ffffffffffffffff", "0000000000000001"]:
		var forged := _high._channel.checked(guess.hex_decode())
		var drop := _low.receive_seal(forged, HIGH, _now)
		assert_eq(drop, Constants.DROP_UNKNOWN_TRANSACTION, guess)

	assert_eq([victim.answered_at, victim.vouched_at], [-INF, -INF], "answered and vouched")
	assert_eq(_sent(_low).size(), 0, "large checks")


func test_attack_answer_from_elsewhere_proves_nothing() -> void:
	_high.receive_seal(_first_check(), LOW, _now)
	var answer := _sent(_high)[0].data

	var drop := _low.receive_seal(answer, STRANGER, _now)

	assert_eq(drop, Constants.DROP_UNKNOWN_TRANSACTION, "drop")
	assert_eq(_sent(_low).size(), 0, "large checks")


func test_answer_goes_to_where_the_check_came_from() -> void:
	_high.receive_seal(_first_check(), STRANGER, _now)
	var answers := _sent(_high)

	assert_eq(answers.size(), 1, "answers")
	assert_eq(answers[0].address, STRANGER, "address")


func test_attempts_end_and_come_back_after_a_pause() -> void:
	var last := _now
	var longest := 0.0
	while _now < 100.0 + Constants.ATTEMPTS * Constants.ATTEMPT_TIME + Constants.ATTEMPT_PAUSE + 1:
		_now = maxf(_now + 0.001, _low.next_timeout())
		_low.handle_timeout(0.0, _now)
		_low.offers.take(_now)
		if _sent(_low):
			longest = maxf(longest, _now - last)
			last = _now

	assert_true(absf(longest - Constants.ATTEMPT_PAUSE) < 1.0, "pause: %f" % longest)


func test_attack_forged_check_changes_nothing_and_is_not_answered() -> void:
	var check := _first_check()
	check[-1] ^= 1

	var drop := _high.receive_seal(check, STRANGER, _now)

	assert_eq(drop, Constants.DROP_BAD_MAC, "drop")
	assert_eq(_sent(_high).size(), 0, "answers")


func test_attack_check_sent_again_from_elsewhere_draws_no_answer_there() -> void:
	var check := _first_check()
	_high.receive_seal(check, LOW, _now)
	_sent(_high)

	assert_eq(_high.receive_seal(check, STRANGER, _now), Constants.DROP_REPLAYED, "drop")
	assert_eq(_sent(_high).size(), 0, "answers")


func test_attack_check_sent_back_is_refused() -> void:
	var check := _first_check()
	check[1] = _low.offers.own.tag

	var drop := _low.receive_seal(check, HIGH, _now)

	assert_eq(drop, Constants.DROP_UNKNOWN_SESSION, "drop")


func test_attack_data_from_an_address_that_no_check_came_from_is_refused() -> void:
	var tag := _high.offers.own.tag

	assert_eq(_high.hear_data(LOW, tag, _now), Constants.DROP_UNEXPECTED_SOURCE, "only offered")
	_run(0.2)
	assert_eq(_high.hear_data(LOW, tag, _now), &"", "checked")
	assert_eq(_high.hear_data(LOW, tag ^ 1, _now), Constants.DROP_WRONG_TAG, "wrong tag")
	assert_eq(_high.hear_data(STRANGER, tag, _now), Constants.DROP_UNEXPECTED_SOURCE, "stranger")


func test_attack_peer_that_checks_all_the_time_is_answered_within_limits() -> void:
	_run(0.2)
	var answers := 0
	for _index in 1000:
		_low._check(_low.used, false, _now)
		for datagram in _sent(_low):
			_high.receive_seal(datagram.data, LOW, _now)
		answers += _sent(_high).size()

	assert_true(answers <= 2 * Constants.ANSWER_RATE, "answers: %d" % answers)


func test_attack_peer_that_checks_from_many_addresses_is_answered_within_limits() -> void:
	_run(0.2)
	var drops: Dictionary[StringName, int] = {}
	for number in 4 * Constants.ANSWER_RATE:
		_low._check(_low.used, false, _now)
		var check := _sent(_low)[0].data
		var drop := _high.receive_seal(check, "203.0.113.9:%d" % (1000 + number), _now)
		drops[drop] = drops.get(drop, 0) + 1

	assert_true(drops.has(Constants.DROP_BUFFER_FULL), "without a place")
	drops.erase(Constants.DROP_BUFFER_FULL)
	drops.erase(Constants.DROP_RATE_LIMITED)
	drops.erase(&"")
	assert_eq(drops.size(), 0, "other drops")
	assert_true(_high._remotes.by_address.size() <= Constants.MAX_REMOTES, "addresses")
	_high.handle_timeout(0.0, _now)
	var sent := _sent(_high).size()
	assert_true(sent <= 2 * Constants.ANSWER_RATE + Constants.MAX_REMOTES, "sent: %d" % sent)


func test_offer_with_the_own_connection_is_refused_and_another_is_chosen() -> void:
	var before := _low.offers.own.connection
	_low.offers.renew(_now)
	var own := Offers.decode(_low.offers.take(_now))

	assert_eq(_low.receive_offer(own, 0.0, _now), Constants.DROP_BAD_FIELD, "drop")
	assert_true(_low.offers.own.connection != before, "another")
	assert_eq(_low.offers.due, _now, "offered")


func test_offer_with_malformed_addresses_changes_nothing() -> void:
	_high.offers.renew(_now)
	var offer := Offers.decode(_high.offers.take(_now))
	var former := _low.offers.peer
	offer.fields[&"candidates"] = PackedByteArray([1])

	assert_eq(_low.receive_offer(offer, 0.0, _now), Constants.DROP_BAD_FIELD, "drop")
	assert_eq(_low.offers.peer, former, "offer")


func test_silent_path_comes_into_doubt_once_and_is_given_up_later() -> void:
	_run(0.2)
	var datagram := PackedByteArray([Constants.FirstByte.DATA, 0, 0, 0, 0, 0, 7])
	var doubted_at := INF
	var cut_at := _now
	while _low.used != null:
		_now += 0.01
		_low.post(datagram, 1, _now)
		if _low.handle_timeout(0.0, _now):
			assert_eq(doubted_at, INF, "told once")
			doubted_at = _now
		_sent(_low)

	assert_true(doubted_at - cut_at < 0.5, "doubt after %f" % (doubted_at - cut_at))
	var lasted := _now - doubted_at
	assert_true(absf(lasted - Constants.DOUBT_TIME) < 0.1, "given up after %f" % lasted)


func test_peer_that_was_started_anew_is_met_anew() -> void:
	_run(0.2)
	_start_high_anew()

	assert_eq(_low.used, null, "path to the former one")
	_run(0.5)
	assert_true(_low.used != null, "path to the new one")


func test_attack_offer_of_the_own_connection_voids_what_was_known() -> void:
	_run(0.5)
	_low.offers.renew(_now)
	var echoed := Offers.decode(_low.offers.take(_now))

	assert_eq(_low.receive_offer(echoed, 0.0, _now), Constants.DROP_BAD_FIELD, "drop")
	assert_eq(_low.used, null, "path")
	_start_high_anew()
	_run(0.5)
	assert_true(_low.used != null, "path found again")


func test_attack_data_alone_does_not_hold_a_path_whose_checks_are_not_answered() -> void:
	_run(0.5)
	var tag := _low.offers.own.tag
	var answered := _low.used.answered_at
	while _low.used != null and _now < answered + 2 * Constants.CONSENT_TIME:
		_now += 0.05
		_low.hear_data(HIGH, tag, _now)
		_low.handle_timeout(0.0, _now)
		_sent(_low)

	var lasted := _now - answered
	assert_true(absf(lasted - Constants.CONSENT_TIME) < 0.1, "given up after %f" % lasted)


func test_idle_path_is_checked_by_both_sides_and_stays() -> void:
	_run(3 * Constants.CONSENT_TIME)

	assert_true(_low.used != null, "path of the one")
	assert_true(_high.used != null, "path of the other")
	assert_true(_now - _low.used.answered_at < Constants.CONSENT_TIME, "answered lately")
