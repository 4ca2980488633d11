extends "res://tests/support/session_case.gd"
## Nothing of a process counts after its member was restarted.

const Header := preload("res://addons/packhorse/wire/header.gd")
const JOINED := Constants.RoomEventKind.PEER_JOINED
const RELIABLE := Constants.Mode.RELIABLE
const ORDERED := Constants.Mode.UNRELIABLE_ORDERED
const TO_1 := "a75c00000001"
const TO_3 := "a75c00000003"


## DEL-21: of a session that was taken up again, by the short way and the long one.
func test_old_datagram_with_a_large_number_does_not_stall_the_new_process() -> void:
	_join_with([1, 0, 2, 1])

	for old: String in ["000100" + "2000006f6c64", "030101" + "0000000000" + "2000006f6c64"]:
		deliver(_frame(1, old))
	deliver(_frame(1, "060000" + "4000006869"))

	assert_drops({Constants.DROP_WRONG_GENERATION: 2})
	assert_eq(_texts(), ["hi"], "messages")
	now += 1.0
	var sent := session.mail().datagrams_to_send(now)
	assert_eq(sent[0].hex_encode(), TO_1 + "050000" + "0000ff00", "acknowledgement")


## DEL-21.
func test_old_reliable_message_does_not_take_the_place_of_a_new_one() -> void:
	_join_with([1, 0, 2, 1])

	deliver(_frame(1, "020001" + "4000016f6c64"))
	deliver(_frame(1, "060001" + "40000162"))
	deliver(_frame(1, "060000" + "40000061"))

	assert_drops({Constants.DROP_WRONG_GENERATION: 1})
	assert_eq(_texts(), ["a", "b"], "messages")


## ROOM-6: the two events about it were missed.
func test_restart_is_seen_in_the_roster() -> void:
	join([1, 2, 3])
	session.mail().push("old".to_ascii_buffer(), 3, RELIABLE, 0, now)
	var old := session.mail().datagrams_to_send(now)

	deliver(_roster(40, [1, 0, 2, 0, 3, 7]))
	var told := take_event_names()
	session.mail().push("new".to_ascii_buffer(), 3, RELIABLE, 0, now)
	var new := session.mail().datagrams_to_send(now)

	assert_eq(told, ["PEER_LEFT 3", "PEER_JOINED 3"] as Array[String], "told")
	assert_eq(old[0].hex_encode(), TO_3 + "020000" + "4000006f6c64", "before")
	assert_eq(new[0].hex_encode(), TO_3 + "1e0000" + "4000006e6577", "after")


## ROOM-6: after a restart of the relay there is no event before it.
func test_restart_is_seen_in_the_event() -> void:
	join([1, 2, 3])

	deliver(
		relay.events([PackedInt64Array([3, JOINED, 3, 0]), PackedInt64Array([4, JOINED, 1, 1])])
	)

	assert_eq(take_event_names(), ["PEER_LEFT 1", "PEER_JOINED 1"] as Array[String], "told")


## DEL-21.
func test_what_goes_to_several_has_the_restarts_of_its_sender() -> void:
	_join_with([1, 2, 2, 3])
	session.mail().push("a".to_ascii_buffer(), 0, ORDERED, 0, now)
	var sent := session.mail().datagrams_to_send(now)
	var lone := session.mail().hub.lone_datagram("20000162".hex_decode(), 0, now)

	for payload: String in [
		"000000" + "200000616161", "140000" + "200000616161", "0800002000006869"
	]:
		deliver(_frame(1 | 1 << 31, payload))

	assert_eq(sent[0].hex_encode(), "a75c00000000" + "0c0000" + "20000061", "queued")
	assert_eq(lone.hex_encode(), "a75c00000000" + "0c0001" + "20000162", "at once")
	assert_drops({Constants.DROP_WRONG_GENERATION: 2})
	assert_eq(_texts(), ["hi"], "messages")


## DEL-21: 40 and 30 are 6.
func test_every_datagram_to_a_peer_has_the_restarts_of_both() -> void:
	_join_with([1, 30, 2, 40])
	var mail := session.mail()
	mail.push("a".to_ascii_buffer(), 1, Constants.Mode.RELIABLE_UNORDERED, 0, now)
	mail.push("b".to_ascii_buffer(), 1, RELIABLE, 0, now)
	var joined := mail.datagrams_to_send(now)
	now += 0.1
	deliver(_frame(1, "190000" + "00000000"))
	mail.push("c".to_ascii_buffer(), 1, RELIABLE, 0, now)
	var alone := mail.datagrams_to_send(now)
	now += 0.1
	var lone := mail.hub.lone_datagram("20000064".hex_decode(), 1, now)

	assert_eq(joined[0].slice(6, 9).hex_encode(), "1a0000", "two lanes")
	assert_eq(alone[0].slice(6, 9).hex_encode(), "1a0001", "one lane")
	assert_eq(lone.slice(6, 9).hex_encode(), "180002", "at once")
	assert_drops({})


## Joins as member 2; [param restarts] are peer ids, each followed by how often it was restarted.
func _join_with(restarts: Array[int]) -> void:
	join([])
	deliver(_roster(2, restarts))
	take_events()
	send()


func _roster(revision: int, restarts: Array[int]) -> PackedByteArray:
	var records: Array[PackedInt64Array] = []
	for index in range(0, restarts.size(), 2):
		records.append(PackedInt64Array([restarts[index], 2 * restarts[index + 1]]))
	return relay.seal(
		Constants.MessageType.ROSTER, {&"rev": revision, &"page": 0, &"pages": 1, &"peers": records}
	)


func _frame(source: int, payload: String) -> PackedByteArray:
	var header := Header.encode(Constants.FirstByte.FRAME, FakeRelay.TAG, source)
	return header + payload.hex_decode()


func _texts() -> Array:
	var texts := []
	for event in take_events():
		if event.type == Event.Type.MESSAGE:
			texts.append(event.data.get_string_from_ascii())
	return texts
