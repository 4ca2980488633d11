extends "res://tests/test_case.gd"
## The addresses of a peer and what the checks have found.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Remote := preload("res://addons/packhorse/core/direct/remote.gd")
const Remotes := preload("res://addons/packhorse/core/direct/remotes.gd")

const HOST := Constants.CandidateKind.HOST
const REFLEXIVE := Constants.CandidateKind.REFLEXIVE


func _challenge(number: int) -> PackedByteArray:
	return PackedByteArray([number, 0, 0, 0, 0, 0, 0, 0])


func _proven(rtt: float, address := "192.0.2.1:7") -> Remote:
	var remote := Remote.new(address, false)
	_prove(remote, rtt)
	return remote


func _prove(remote: Remote, rtt: float) -> void:
	remote.note_check(_challenge(1), true, 10.0)
	remote.take_answer(_challenge(1), 10.0 + rtt)


func test_only_the_answer_to_a_large_check_proves_the_address() -> void:
	var remote := Remote.new("192.0.2.1:7", false)
	remote.note_check(_challenge(1), false, 10.0)
	remote.note_check(_challenge(2), true, 10.0)

	assert_true(remote.take_answer(_challenge(1), 10.1) and not remote.is_proven, "small")
	assert_true(remote.take_answer(_challenge(2), 10.1) and remote.is_proven, "large")
	assert_true(not remote.take_answer(_challenge(2), 10.1), "twice")
	assert_true(not remote.take_answer(_challenge(3), 10.1), "never asked")


func test_trust_ends_a_while_after_the_first_check_without_an_answer() -> void:
	var remote := _proven(0.01)
	remote.note_check(_challenge(2), false, 20.0)
	remote.note_check(_challenge(3), false, 20.3)

	assert_true(remote.is_trusted(20.0 + Constants.TRUST_MIN - 0.01), "before")
	assert_true(not remote.is_trusted(20.0 + Constants.TRUST_MIN), "after")
	assert_true(not remote.is_hopeless(20.0 + Constants.TRUST_MIN), "in doubt")
	var ends := 20.0 + Constants.TRUST_MIN + Constants.DOUBT_TIME
	assert_true(remote.is_hopeless(ends), "hopeless")
	remote.hear(ends)
	assert_true(remote.is_trusted(ends + 1.0), "heard again")


func test_trust_lasts_longer_on_a_slow_path() -> void:
	assert_eq(_proven(0.25).trust(), 0.25 * Constants.TRUST_RTT, "seconds")


func test_answers_to_old_checks_do_not_count() -> void:
	var remote := Remote.new("192.0.2.1:7", false)
	for number in 40:
		remote.note_check(_challenge(number), true, 10.0)

	assert_true(not remote.take_answer(_challenge(0), 10.1), "old")
	assert_true(remote.take_answer(_challenge(39), 10.1), "new")


func test_ipv6_is_taken_for_a_little_faster() -> void:
	var slower := _proven(0.02, "[2001:db8::1]:7")

	assert_true(slower.score() < _proven(0.019).score(), "score")


func test_nothing_is_believed_of_an_address_that_was_given_up() -> void:
	var remote := _proven(0.01)
	remote.note_check(_challenge(2), true, 11.0)
	remote.give_up()

	assert_true(not remote.is_proven and not remote.take_answer(_challenge(2), 11.1), "given up")


func test_offered_addresses_are_checked_from_the_beginning_of_an_attempt() -> void:
	var remotes := Remotes.new()
	remotes.offer({"10.0.0.1:1": HOST, "192.0.2.1:1": REFLEXIVE})
	remotes.begin_attempt(5.0)

	for address in remotes.by_address:
		assert_eq(remotes.by_address[address].plan.due, 5.0, address)


func test_offer_that_leaves_an_address_out_forgets_it_unless_it_is_proven() -> void:
	var remotes := Remotes.new()
	remotes.offer({"10.0.0.1:1": HOST, "10.0.0.2:1": HOST})
	_prove(remotes.by_address["10.0.0.2:1"], 0.01)
	remotes.offer({"10.0.0.3:1": HOST})

	assert_eq(remotes.by_address.keys(), ["10.0.0.2:1", "10.0.0.3:1"], "addresses")


func test_what_becomes_known_during_an_attempt_is_checked_too() -> void:
	var remotes := Remotes.new()
	remotes.begin_attempt(5.0)
	var learned := remotes.learn("192.0.2.9:9")
	remotes.join_attempt(5.5)

	assert_eq(learned.plan.due, 5.5, "due")
	remotes.end_attempt()
	assert_true(learned.plan == null, "ended")


func test_address_in_use_is_left_for_a_clear_gain_only() -> void:
	var remotes := Remotes.new()
	remotes.offer({"10.0.0.1:1": HOST, "10.0.0.2:1": HOST, "10.0.0.3:1": HOST})
	var used := remotes.by_address["10.0.0.1:1"]
	_prove(used, 0.05)
	_prove(remotes.by_address["10.0.0.2:1"], 0.046)

	assert_eq(remotes.best(null, 11.0).address, "10.0.0.2:1", "best of all")
	assert_eq(remotes.best(used, 11.0), used, "no clear gain")
	_prove(remotes.by_address["10.0.0.3:1"], 0.02)
	assert_eq(remotes.best(used, 11.0).address, "10.0.0.3:1", "clear gain")


func test_attack_checks_from_many_addresses_fill_no_table_for_ever() -> void:
	var remotes := Remotes.new()
	remotes.offer({"10.0.0.1:1": HOST})
	for port in 1000:
		remotes.learn("192.0.2.1:%d" % port)

	assert_eq(remotes.by_address.size(), Constants.MAX_REMOTES, "addresses")
	assert_true(remotes.by_address.has("10.0.0.1:1"), "the offered one")
	remotes.join_attempt(0.0)
	assert_true(remotes.learn("192.0.2.2:1") == null, "no place while all are checked")
