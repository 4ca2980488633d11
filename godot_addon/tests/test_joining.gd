extends "res://tests/support/session_case.gd"
## From HELLO to the first roster.

const JOINED := Constants.MemberState.JOINED
const CLOSED := Constants.MemberState.CLOSED
const Stages := preload("res://addons/packhorse/core/stages.gd")


func test_hello_is_padded_and_offers_one_version() -> void:
	start()

	var hello := send_one()

	assert_eq(hello.size(), Constants.MAX_DATAGRAM_DEFAULT, "size")
	var message := FakeRelay.read_ctrl(hello)
	assert_eq(message.type, Constants.MessageType.HELLO, "type")
	assert_eq(message.number(&"version_min"), 1, "lowest version")
	assert_eq(message.number(&"version_max"), 1, "highest version")


func test_hello_offers_one_unknown_feature_and_one_unknown_key() -> void:
	start()

	var hello := send_one()

	var features := FakeRelay.read_ctrl(hello).number(&"features")
	assert_true(features >> 24 != 0 and features & (features - 1) == 0, "one bit of 24 to 31")
	var pad_starts_at := hello.find(0xC5)
	assert_true(hello.slice(pad_starts_at).size() > 1100, "the pad is before the unknown key")


func test_joining_ends_with_the_roster() -> void:
	start()

	deliver(FakeRelay.challenge(send_one()))
	var request := send_one()
	deliver(relay.grant(request))
	assert_eq(session.state(), JOINED, "state after GRANT")
	assert_eq(take_event_names(), [] as Array[String], "events before the roster")
	deliver(relay.roster(2, [1, 2]))

	assert_eq(FakeRelay.read_ctrl(request).text(&"code"), FakeRelay.CODE, "code asked for")
	assert_eq(take_event_names(), ["PEER_JOINED 1", "JOINED 2"] as Array[String], "events")
	assert_eq(session.peer_id(), 2, "own id")
	assert_eq(session.code(), FakeRelay.CODE, "code")
	assert_eq(session.mapped_address(), "192.0.2.7:54321", "mapped address")
	assert_eq(session.mail().largest_plain, 1194, "largest payload")
	assert_drops({})


func test_stages_are_told_in_order() -> void:
	start()
	var stages: Array[int] = []
	deliver(FakeRelay.challenge(send_one()))
	deliver(relay.grant(send_one()))
	deliver(relay.roster(2, [1, 2]))

	var event := session.next_event()
	while event != null:
		if event.type == Event.Type.STAGE_CHANGED:
			stages.append(event.stage)
		event = session.next_event()

	var expected: Array[int] = [
		Stages.Stage.JOINING, Stages.Stage.READING_ROSTER, Stages.Stage.CONNECTED
	]
	assert_eq(stages, expected, "stages")


func test_creating_asks_for_topology_and_size() -> void:
	var wish := Wish.new()
	wish.topology = Constants.Topology.STAR
	wish.max_peers = 5
	session = Session.new(wish, FakeRelay.ADDRESS, random_bytes, now)

	deliver(FakeRelay.challenge(send_one()))
	var message := FakeRelay.read_ctrl(send_one())

	assert_eq(message.type, Constants.MessageType.CREATE, "type")
	assert_eq(message.number(&"topology"), Constants.Topology.STAR, "topology")
	assert_eq(message.number(&"max_peers"), 5, "size")


func test_hello_is_repeated_with_doubling_waits() -> void:
	start()

	var times: Array[float] = [START]
	var sizes: Array[int] = [send_one().size()]
	while session.state() != CLOSED:
		for datagram in wait():
			times.append(now)
			sizes.append(datagram.size())

	assert_eq(times, [100.0, 100.25, 100.75, 101.75, 103.75] as Array[float], "times")
	assert_eq(sizes, [1200, 1200, 576, 576, 576] as Array[int], "sizes")
	assert_eq(now, 105.75, "given up at")


func test_silence_ends_with_an_error_that_names_the_stage() -> void:
	start()

	run_until(START + 10.0)

	var error := take_events()[-1].error
	assert_eq(error.code, PackhorseError.Code.NO_ANSWER, "code")
	assert_eq(error.stage, "reaching the relay", "stage")
	assert_true("firewall" in error.advice, "advice")


func test_repetitions_of_hello_are_one_transaction() -> void:
	start()

	var first := send_one()
	var second := wait()[0]

	assert_eq(second, first, "bytes")


func test_join_asks_for_smaller_datagrams_after_two_unanswered() -> void:
	start()
	deliver(FakeRelay.challenge(send_one()))

	var sizes: Array[int] = []
	for datagram in send() + run_until(START + 4.0):
		sizes.append(FakeRelay.read_ctrl(datagram).number(&"max_datagram"))

	assert_eq(sizes, [1200, 1200, 576, 576, 576] as Array[int], "sizes asked for")


func test_small_hello_makes_join_ask_for_small_datagrams() -> void:
	start()
	send()
	wait()
	var third := wait()[0]

	deliver(FakeRelay.challenge(third))

	assert_eq(FakeRelay.read_ctrl(send_one()).number(&"max_datagram"), 576, "size asked for")


func test_missing_roster_is_asked_for_and_given_up() -> void:
	join([])

	var sent := sealed(run_until(START + 5.0), Constants.MessageType.SYNC)
	assert_true(sent.size() >= 4, "SYNC is repeated")
	assert_eq(sent[0].number(&"since"), 0, "since")
	for datagram in run_until(START + 6.0):
		relay.read_seal(datagram)

	assert_eq(session.state(), CLOSED, "state")
	assert_eq(take_events()[-1].error.stage, "reading the roster", "stage")


func test_leaving_before_grant_ends_at_once() -> void:
	start()
	send()

	session.leave(now)

	assert_eq(session.state(), CLOSED, "state")
	var events := take_events()
	assert_eq(events.size(), 1, "events")
	assert_eq(events[0].error, null, "error")
