extends "res://tests/support/session_case.gd"
## KICK, LEAVE and the ends of a session.

const CLOSED := Constants.MemberState.CLOSED


func test_kick_is_repeated_with_the_same_bytes_until_acknowledged() -> void:
	join()

	assert_eq(session.kick(3, true, now), OK, "result")
	var first := send_one()
	now += 0.25
	assert_eq(send()[0], first, "bytes; PING follows")
	var kick := relay.read_seal(first)
	assert_eq(kick.number(&"peer"), 3, "peer")
	var request := kick.number(&"seq")
	deliver(relay.seal(Constants.MessageType.ACK, {&"request": request, &"code": 203}))

	var events := take_events()
	assert_eq(events[0].type, Event.Type.REQUEST_ENDED, "event")
	assert_eq(events[0].code, Constants.ErrorCode.NOT_ALLOWED, "code")


func test_unanswered_request_causes_a_ping() -> void:
	join()
	run_until(START + 10.2)
	session.kick(3, false, now)
	send()

	now += 0.25
	var pings := sealed(send(), Constants.MessageType.PING)

	assert_eq(pings.size(), 1, "pings")


func test_kick_without_answer_ends_too() -> void:
	join()
	session.kick(3, false, now)

	run_until(START + 6.0)

	var events := take_events()
	assert_eq(events[0].type, Event.Type.REQUEST_ENDED, "event")
	assert_eq(events[0].code, PackhorseError.Code.NO_ANSWER, "code")


func test_acknowledgement_of_nothing_is_dropped() -> void:
	join()

	deliver(relay.seal(Constants.MessageType.ACK, {&"request": 99, &"code": 0}))

	assert_drops({Constants.DROP_UNKNOWN_TRANSACTION: 1})


func test_kicking_the_host_is_refused() -> void:
	join()

	assert_eq(session.kick(1, false, now), ERR_INVALID_PARAMETER, "result")


func test_leave_ends_with_its_acknowledgement() -> void:
	join()

	session.leave(now)
	assert_eq(session.state(), Constants.MemberState.LEAVING, "state")
	var request := relay.read_seal(send_one()).number(&"seq")
	deliver(relay.seal(Constants.MessageType.ACK, {&"request": request, &"code": 0}))

	assert_eq(session.state(), CLOSED, "state")
	assert_eq(take_events()[-1].error, null, "error")


func test_leave_ends_with_closed_from_a_tombstone() -> void:
	join()

	session.leave(now)
	deliver(relay.seal(Constants.MessageType.CLOSED, {&"code": 0}))

	assert_eq(take_events()[-1].error, null, "error")


func test_leave_ends_without_an_answer() -> void:
	join()

	session.leave(now)
	run_until(START + 6.0)

	assert_eq(session.state(), CLOSED, "state")
	assert_eq(take_events()[-1].error, null, "error")


func test_data_is_dropped_while_leaving() -> void:
	join()

	session.leave(now)
	deliver(FakeRelay.data(1, "x".to_ascii_buffer()))

	assert_drops({Constants.DROP_UNEXPECTED_MESSAGE: 1})


func test_whoever_is_leaving_hears_of_no_other_cause() -> void:
	join()

	session.leave(now)
	deliver(relay.seal(Constants.MessageType.CLOSED, {&"code": 400}))

	assert_eq(take_events()[-1].error, null, "error")


func test_sending_is_refused_after_leaving() -> void:
	join()

	session.leave(now)

	assert_eq(session.mail(), null, "mail")
	assert_eq(session.kick(3, false, now), ERR_UNAVAILABLE, "kick")


func test_closed_says_why() -> void:
	join()

	deliver(relay.seal(Constants.MessageType.CLOSED, {&"code": 402}))

	var error := take_events()[-1].error
	assert_eq(error.name, "KICKED", "name")
	assert_eq(error.advice, "ask the host", "advice")
