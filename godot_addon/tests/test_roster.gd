extends "res://tests/support/session_case.gd"
## The roster by revision: events, gaps, pages, data of peers not yet announced.

const JOINED := Constants.RoomEventKind.PEER_JOINED
const LEFT := Constants.RoomEventKind.PEER_LEFT
const LOST := Constants.RoomEventKind.PEER_LOST
const FOUND := Constants.RoomEventKind.PEER_FOUND
const SYNC := Constants.MessageType.SYNC


func test_events_are_applied_in_order() -> void:
	join()

	_deliver_events([[3, JOINED, 3, 0], [4, LOST, 3, 0], [5, FOUND, 3, 0], [6, LEFT, 3, 402]])

	var events := take_events()
	var types := events.map(func(event: Event) -> int: return event.type)
	var expected := [
		Event.Type.PEER_JOINED,
		Event.Type.PEER_LOST,
		Event.Type.PEER_FOUND,
		Event.Type.PEER_LEFT,
	]
	assert_eq(types, expected, "events")
	assert_eq(events[-1].code, Constants.ErrorCode.KICKED, "why it left")


func test_events_about_oneself_are_not_told() -> void:
	join()

	_deliver_events([[3, LOST, 2, 0], [4, FOUND, 2, 0]])

	assert_eq(take_event_names(), [] as Array[String], "events")


func test_repeated_and_old_events_are_ignored() -> void:
	join()

	_deliver_events([[3, JOINED, 3, 0]])
	_deliver_events([[3, JOINED, 3, 0]])
	_deliver_events([[1, LEFT, 1, 0]])

	assert_eq(take_event_names(), ["PEER_JOINED 3"] as Array[String], "events")


func test_events_of_an_unknown_kind_keep_the_revision_going() -> void:
	join()

	_deliver_events([[3, 99, 3, 0]])
	_deliver_events([[4, JOINED, 3, 0]])

	assert_eq(take_event_names(), ["PEER_JOINED 3"] as Array[String], "events")


func test_gap_is_asked_for_with_the_own_revision() -> void:
	join()

	_deliver_events([[5, JOINED, 4, 0]])
	var syncs := sealed(send(), SYNC)

	assert_eq(syncs.size(), 1, "requests")
	assert_eq(syncs[0].number(&"since"), 2, "since")
	assert_eq(take_event_names(), [] as Array[String], "events")
	_deliver_events([[3, JOINED, 3, 0], [4, LEFT, 3, 0], [5, JOINED, 4, 0]])
	var expected: Array[String] = ["PEER_JOINED 3", "PEER_LEFT 3", "PEER_JOINED 4"]
	assert_eq(take_event_names(), expected, "events after the answer")
	assert_eq(sealed(run_until(now + 5.0), SYNC).size(), 0, "further requests")


func test_newer_revision_in_pong_is_asked_for() -> void:
	join()

	deliver(relay.pong(1, 9))

	assert_eq(sealed(send(), SYNC).size(), 1, "requests")


func test_sync_is_repeated_ever_less_often() -> void:
	join()
	deliver(relay.pong(1, 9))

	var times: Array[float] = []
	for _index in 100:
		if sealed(send(), SYNC):
			times.append(snappedf(now - START, 0.01))
		now = minf(session.next_timeout(), START + 14.0)

	var expected: Array[float] = [0.0, 0.25, 0.75, 1.75, 3.75, 7.75, 11.75]
	assert_eq(times, expected, "times")


func test_sync_is_never_the_same_datagram_twice() -> void:
	join()
	deliver(relay.pong(1, 9))

	var first := sealed(send(), SYNC)[0].number(&"seq")
	now += 0.25
	var second := sealed(send(), SYNC)[0].number(&"seq")

	assert_true(second > first, "another sequence number")


func test_roster_pages_are_collected_in_any_order() -> void:
	join()

	deliver(relay.roster_page(9, 1, 2, [5, 6]))
	assert_eq(take_event_names(), [] as Array[String], "events after one page")
	deliver(relay.roster_page(9, 0, 2, [1, 2]))

	var expected: Array[String] = ["PEER_JOINED 5", "PEER_JOINED 6"]
	expected.sort()
	var names := take_event_names()
	names.sort()
	assert_eq(names, expected, "events")


func test_newer_roster_replaces_pages_of_an_older() -> void:
	join()

	deliver(relay.roster_page(9, 0, 2, [1, 2, 3]))
	deliver(relay.roster_page(10, 1, 2, [5]))
	deliver(relay.roster_page(9, 1, 2, [4]))
	assert_eq(take_event_names(), [] as Array[String], "events before the newer is whole")
	deliver(relay.roster_page(10, 0, 2, [1, 2]))

	assert_eq(take_event_names(), ["PEER_JOINED 5"] as Array[String], "events")


func test_roster_tells_who_has_gone_and_come() -> void:
	join([1, 2, 3])

	deliver(relay.roster(9, [1, 2, 4]))

	assert_eq(take_event_names(), ["PEER_LEFT 3", "PEER_JOINED 4"] as Array[String], "events")
	assert_eq(session.roster().keys(), [1, 2, 4], "roster")


func test_page_beyond_the_count_is_ignored() -> void:
	join()

	deliver(relay.roster_page(9, 3, 2, [7]))
	deliver(relay.roster_page(9, 0, 2, [1]))

	assert_eq(take_event_names(), [] as Array[String], "events")


func test_data_of_an_unknown_newer_peer_waits_for_its_event() -> void:
	join()

	deliver(FakeRelay.data(3, "early".to_ascii_buffer()))
	assert_eq(take_event_names(), [] as Array[String], "events")
	assert_eq(sealed(send(), SYNC).size(), 1, "requests")
	_deliver_events([[3, JOINED, 3, 0]])

	assert_eq(take_event_names(), ["PEER_JOINED 3", "MESSAGE 3"] as Array[String], "events")


func test_data_before_the_first_roster_waits() -> void:
	join([])

	deliver(FakeRelay.data(1, "early".to_ascii_buffer()))
	deliver(relay.roster(2, [1, 2]))

	var expected: Array[String] = ["PEER_JOINED 1", "MESSAGE 1", "JOINED 2"]
	assert_eq(take_event_names(), expected, "events")


func test_early_data_is_bounded() -> void:
	join()

	for _index in Constants.EARLY_DATA + 5:
		deliver(FakeRelay.data(3, "early".to_ascii_buffer()))

	assert_drops({Constants.DROP_BUFFER_FULL: 5})
	_deliver_events([[3, JOINED, 3, 0]])
	assert_eq(take_events().size(), 1 + Constants.EARLY_DATA, "events")


func test_forged_early_data_makes_place_after_4_seconds() -> void:
	join()
	for _index in Constants.EARLY_DATA:
		deliver(FakeRelay.data(90, "forged".to_ascii_buffer()))

	now += Constants.EARLY_DATA_LIFETIME
	deliver(FakeRelay.data(3, "early".to_ascii_buffer()))
	_deliver_events([[3, JOINED, 3, 0]])

	assert_eq(take_events().size(), 2, "events")
	assert_drops({Constants.DROP_UNKNOWN_PEER: Constants.EARLY_DATA})


func test_early_data_of_a_peer_that_came_and_left_unseen_is_dropped() -> void:
	join()
	deliver(FakeRelay.data(3, "early".to_ascii_buffer()))

	deliver(relay.roster(9, [1, 2, 4]))

	assert_drops({Constants.DROP_UNKNOWN_PEER: 1})
	assert_eq(take_event_names(), ["PEER_JOINED 4"] as Array[String], "events")


func test_data_of_a_peer_that_left_is_dropped() -> void:
	join([1, 2, 3])
	_deliver_events([[3, LEFT, 3, 0]])
	take_events()

	deliver(FakeRelay.data(3, "late".to_ascii_buffer()))

	assert_drops({Constants.DROP_UNKNOWN_PEER: 1})
	assert_eq(take_event_names(), [] as Array[String], "events")


func _deliver_events(records: Array) -> void:
	var packed: Array[PackedInt64Array] = []
	for record: Array in records:
		packed.append(PackedInt64Array(record))
	deliver(relay.events(packed))
