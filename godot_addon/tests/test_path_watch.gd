extends "res://tests/support/session_case.gd"
## When a path counts as dead.

const PathWatch := preload("res://addons/packhorse/core/path_watch.gd")

var _watch := PathWatch.new()


func test_answered_pings_are_no_reason() -> void:
	join()
	var pings := sealed(run_until(now + 5.0), Constants.MessageType.PING)
	deliver(relay.pong(pings[-1].number(&"seq")))

	assert_eq(session.pings.silent_since, INF, "silence")
	assert_eq(session.pings.unanswered, 0, "unanswered")
	assert_eq(_watch.judge(session.pings, now + 100.0), PathWatch.Verdict.NOTHING, "verdict")


func test_silence_is_asked_once_a_second_and_dead_after_5_s_and_5_pings() -> void:
	join()
	var since := session.pings.silent_since
	var verdicts: Array[int] = []
	var asked_at: Array[float] = []
	while verdicts.find(PathWatch.Verdict.REPLACE) < 0 and now < since + 20.0:
		now += 0.125
		var verdict := _watch.judge(session.pings, now)
		if verdict != PathWatch.Verdict.NOTHING:
			verdicts.append(verdict)
			asked_at.append(now - since)
			session.pings.advise(now)
		send()

	assert_true(session.pings.unanswered >= PathWatch.DEAD_PINGS, "PINGs")
	assert_eq(verdicts.slice(0, 4).count(PathWatch.Verdict.ASK), 4, "asked first")
	assert_true(asked_at[0] >= 1.0 and asked_at[1] - asked_at[0] >= 1.0, str(asked_at))
	assert_true(asked_at[-1] >= 5.0 and asked_at[-1] < 6.5, "dead after %.2f s" % asked_at[-1])


func test_few_pings_in_long_silence_are_no_proof() -> void:
	join()

	var verdict := _watch.judge(session.pings, session.pings.silent_since + 30.0)

	assert_eq(verdict, PathWatch.Verdict.ASK, "verdict")


func test_any_seal_ends_the_silence() -> void:
	join()
	run_until(now + 3.0)
	assert_true(session.pings.silent_since < INF, "silent before")

	deliver(relay.events([]))

	assert_eq(session.pings.silent_since, INF, "silence")
