extends "res://tests/support/session_case.gd"
## What ends joining, and what joining must not act upon.

const CLOSED := Constants.MemberState.CLOSED
const Header := preload("res://addons/packhorse/wire/header.gd")


func test_refused_cookie_starts_again_with_a_new_nonce() -> void:
	start()
	var first := send_one()
	deliver(FakeRelay.challenge(first))

	deliver(FakeRelay.error(send_one(), Constants.ErrorCode.COOKIE_INVALID))
	var second := FakeRelay.read_ctrl(send_one())

	assert_eq(second.type, Constants.MessageType.HELLO, "type")
	var nonce := FakeRelay.read_ctrl(first).bytes(&"nonce")
	assert_true(second.bytes(&"nonce") != nonce, "another nonce")


func test_third_refused_cookie_is_final() -> void:
	start()

	for _attempt in 3:
		deliver(FakeRelay.challenge(send_one()))
		deliver(FakeRelay.error(send_one(), Constants.ErrorCode.COOKIE_INVALID))

	assert_eq(session.state(), CLOSED, "state")
	assert_eq(take_events()[-1].error.name, "COOKIE_INVALID", "error")


func test_refusal_carries_code_stage_and_wait() -> void:
	start()
	deliver(FakeRelay.challenge(send_one()))

	var code := Constants.ErrorCode.RATE_LIMITED
	deliver(FakeRelay.error(send_one(), code, {&"retry_after_ms": 60000}))

	var error := take_events()[-1].error
	assert_eq(error.code, code, "code")
	assert_eq(error.name, "RATE_LIMITED", "name")
	assert_eq(error.stage, "joining the room", "stage")
	assert_eq(error.retry_after, 60.0, "seconds to wait")
	assert_eq(session.next_timeout(), INF, "nothing is pending")


func test_unknown_error_code_has_words() -> void:
	var error := PackhorseError.from_code(9999)

	assert_eq(error.name, "ERROR_9999", "name")
	assert_true(error.message and error.advice, "words")


func test_answers_to_other_transactions_are_dropped() -> void:
	start()
	var hello := send_one()
	hello[5] ^= 1

	deliver(FakeRelay.challenge(hello))

	assert_drops({Constants.DROP_UNKNOWN_TRANSACTION: 1})
	assert_eq(session.state(), Constants.MemberState.GREETING, "state")


func test_second_challenge_is_dropped() -> void:
	start()
	var challenge := FakeRelay.challenge(send_one())

	deliver(challenge)
	deliver(challenge)

	assert_drops({Constants.DROP_UNKNOWN_TRANSACTION: 1})


func test_challenge_beyond_the_offer_is_dropped() -> void:
	start()
	var hello := send_one()

	deliver(FakeRelay.challenge(hello, {&"version": 2}))
	deliver(FakeRelay.challenge(hello, {&"features": 1}))

	assert_drops({Constants.DROP_UNEXPECTED_MESSAGE: 2})
	assert_eq(session.state(), Constants.MemberState.GREETING, "state")


func test_grant_that_differs_from_the_challenge_is_dropped() -> void:
	start()
	deliver(FakeRelay.challenge(send_one()))
	var request := send_one()

	deliver(relay.grant(request, {&"version": 2}))
	deliver(relay.grant(request, {&"features": 1 << 24}))

	assert_drops({Constants.DROP_UNEXPECTED_MESSAGE: 2})
	assert_eq(session.state(), Constants.MemberState.JOINING, "state")


func test_grant_before_the_challenge_is_dropped() -> void:
	start()
	var hello := send_one()
	deliver(FakeRelay.challenge(hello))
	var grant := relay.grant(send_one())
	start()
	_random -= 1

	var word := Header.word_of(send_one())
	deliver(Header.encode(Constants.FirstByte.CTRL, 0, word) + grant.slice(6))

	assert_drops({Constants.DROP_UNEXPECTED_MESSAGE: 1})


func test_datagrams_from_elsewhere_are_dropped() -> void:
	start()
	var challenge := FakeRelay.challenge(send_one())

	session.receive_datagram(challenge, "192.0.2.9:6969", now)

	assert_drops({Constants.DROP_UNEXPECTED_SOURCE: 1})


func test_datagrams_of_a_session_are_dropped_before_grant() -> void:
	start()
	send()

	deliver(FakeRelay.data(1, "x".to_ascii_buffer()))
	deliver(relay.pong(1))
	deliver(FakeRelay.nudge())
	deliver(PackedByteArray())

	assert_drops(
		{
			Constants.DROP_WRONG_TAG: 2,
			Constants.DROP_UNKNOWN_TRANSACTION: 1,
			Constants.DROP_TOO_SHORT: 1,
		}
	)
