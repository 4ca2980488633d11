extends "res://tests/support/session_case.gd"
## PING and PONG, silence, and what the relay says of an address it does not know.

const PING := Constants.MessageType.PING
const JOINED := Constants.MemberState.JOINED
const CLOSED := Constants.MemberState.CLOSED


func test_first_ping_goes_out_with_the_grant() -> void:
	start()
	deliver(FakeRelay.challenge(send_one()))
	deliver(relay.grant(send_one()))

	var pings := sealed(send(), PING)

	assert_eq(pings.size(), 1, "pings")
	assert_eq(pings[0].bytes(&"pad").size(), Constants.PING_PAD, "pad")


func test_ping_is_never_smaller_than_path_challenge() -> void:
	join()

	var largest := relay.seal(
		Constants.MessageType.PATH_CHALLENGE, {&"challenge": "8 bytes!".to_ascii_buffer()}
	)

	assert_true(wait()[0].size() >= largest.size(), "size")


func test_pings_come_every_second_then_every_five() -> void:
	join()

	var times: Array[float] = []
	for _ping in 8:
		assert_eq(sealed(wait(), PING).size(), 1, "pings")
		times.append(now)
		deliver(relay.pong(_ping + 2))

	var waits: Array[float] = []
	for index in range(1, times.size()):
		waits.append(snappedf(times[index] - times[index - 1], 1.0))
	assert_eq(waits, [1.0, 1.0, 1.0, 5.0, 5.0, 5.0, 5.0] as Array[float], "waits, rounded")


func test_pong_measures_the_round_trip() -> void:
	join()
	var ping := sealed(wait(), PING)[0]

	now += 0.04
	deliver(relay.pong(ping.number(&"seq")))
	deliver(relay.pong(999))

	assert_true(is_equal_approx(session.pings.rtt.smoothed, 0.04), "smoothed")
	assert_true(is_equal_approx(session.pings.rtt.variation, 0.02), "variation")
	assert_drops({})


func test_proof_of_a_new_address_spoils_no_measurement() -> void:
	join()
	var ping := sealed(wait(), PING)[0]

	var challenge := "8 bytes!".to_ascii_buffer()
	deliver(relay.seal(Constants.MessageType.PATH_CHALLENGE, {&"challenge": challenge}))
	now += 2.0
	deliver(relay.pong(ping.number(&"seq")))

	assert_true(session.pings.rtt.smoothed < 0.0, "no sample")


func test_silence_is_lost_then_resumed() -> void:
	join()

	run_until(START + FakeRelay.LOST_AFTER)
	assert_eq(take_event_names(), ["SESSION_LOST"] as Array[String], "after 15 s")
	deliver(relay.pong(1))

	assert_eq(take_event_names(), ["SESSION_RESUMED"] as Array[String], "after an answer")
	assert_eq(session.state(), Constants.MemberState.JOINED, "state")


func test_long_silence_ends_the_session() -> void:
	join()

	run_until(START + FakeRelay.REMOVED_AFTER)

	var events := take_events()
	assert_eq(events[-1].type, Event.Type.CLOSED, "event")
	assert_eq(events[-1].error.name, "LEASE_EXPIRED", "error")
	assert_eq(session.next_timeout(), INF, "nothing is pending")


func test_data_does_not_hide_silence() -> void:
	join()

	now = START + FakeRelay.LOST_AFTER
	deliver(FakeRelay.data(1, "x".to_ascii_buffer()))
	send()

	assert_eq(take_event_names(), ["MESSAGE 1", "SESSION_LOST"] as Array[String], "events")


func test_nudge_causes_a_ping_at_most_once_a_second() -> void:
	join()
	run_until(START + 20.0)
	var before := now

	var count := 0
	while now < before + 1.95:
		deliver(FakeRelay.nudge())
		count += sealed(send(), PING).size()
		now += 0.05

	assert_true(count in [1, 2], "pings in two seconds: %d" % count)
	assert_drops({})


func test_denial_is_believed_after_three_pings() -> void:
	join()

	for expected: Constants.MemberState in [JOINED, JOINED, CLOSED]:
		deliver(FakeRelay.denial())
		assert_eq(session.state(), expected, "state")
		now += 1.0
		send()

	assert_eq(take_events()[-1].error.name, "SESSION_UNKNOWN", "error")


func test_denials_beyond_the_pings_do_not_count() -> void:
	join()

	for _index in 10:
		deliver(FakeRelay.denial())

	assert_eq(session.state(), JOINED, "state")
	assert_drops({})


func test_answers_between_denials_keep_the_session() -> void:
	join()

	for index in 5:
		deliver(FakeRelay.denial())
		now += 1.0
		send()
		deliver(FakeRelay.denial())
		now += 1.0
		send()
		deliver(relay.pong(1))

	assert_eq(session.state(), JOINED, "state")


func test_denial_of_another_session_is_dropped() -> void:
	join()

	for _index in 3:
		deliver(FakeRelay.denial(FakeRelay.SESSION + 1))

	assert_drops({Constants.DROP_UNKNOWN_TRANSACTION: 3})
