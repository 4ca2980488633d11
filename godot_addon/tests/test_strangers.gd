extends "res://tests/test_case.gd"
## Who may not know this member yet, and what is refused from them.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Event := preload("res://addons/packhorse/core/event.gd")
const Header := preload("res://addons/packhorse/wire/header.gd")
const Mail := preload("res://addons/packhorse/core/mail.gd")
const Message := preload("res://addons/packhorse/wire/message.gd")
const Roster := preload("res://addons/packhorse/core/roster.gd")
const Strangers := preload("res://addons/packhorse/core/strangers.gd")

const OWN_ID := 3
const RTT := 0.12  # seconds

var _strangers := Strangers.new(OWN_ID, false)


func test_only_peers_from_before_may_be_strangers() -> void:
	assert_true(_strangers.has(1), "host")
	assert_true(_strangers.has(2), "client from before")
	assert_true(not _strangers.has(4), "who came later")


func test_nobody_knows_who_was_restarted() -> void:
	assert_true(Strangers.new(OWN_ID, true).has(4), "who came later")


func test_stranger_is_refused_until_it_has_answered_and_what_it_overtook_has_come() -> void:
	assert_true(_strangers.refuses(1, -1.0, 10.0), "unknown")
	_strangers.meet(1, true, -1.0, 10.2)

	assert_true(_strangers.refuses(1, RTT, 10.2), "overtaken")
	assert_true(_strangers.refuses(1, RTT, 10.2 + 0.24 * RTT), "overtaken, late")
	assert_true(not _strangers.refuses(1, RTT, 10.2 + 0.26 * RTT), "settled")
	assert_true(not _strangers.has(1), "for good")


func test_who_writes_to_this_member_alone_is_no_stranger_after_a_while() -> void:
	_strangers.meet(1, true, RTT, 10.0)

	assert_true(not _strangers.has_settled(1, RTT, 10.0 + 0.24 * RTT), "overtaken, late")
	assert_true(_strangers.has(1), "still a stranger")
	assert_true(_strangers.has_settled(1, RTT, 10.0 + 0.26 * RTT), "settled")
	assert_true(not _strangers.has(1), "for good")
	assert_true(not _strangers.has_settled(2, RTT, 99.0), "never met")


func test_what_is_meant_for_the_process_before_is_no_answer() -> void:
	var strangers := Strangers.new(OWN_ID, true)
	strangers.meet(1, true, -1.0, 10.0)
	assert_true(strangers.refuses(1, -1.0, 11.0), "meant for the process before")

	strangers.meet(1, false, RTT, 12.0)
	assert_true(not strangers.refuses(1, RTT, 12.0 + RTT), "has answered")


func test_silent_stranger_is_taken_in_the_end() -> void:
	assert_true(_strangers.refuses(1, -1.0, 10.0), "first")
	assert_true(_strangers.refuses(1, -1.0, 9.9 + Constants.STRANGER_TIME), "in time")

	assert_true(not _strangers.refuses(1, -1.0, 10.0 + Constants.STRANGER_TIME), "later")


func test_stranger_is_asked_again_until_it_answers() -> void:
	assert_true(_strangers.ask(1, 10.0), "first")
	assert_true(not _strangers.ask(1, 10.2), "soon")
	assert_true(_strangers.ask(1, 10.25), "again")
	_strangers.meet(1, true, -1.0, 10.3)

	assert_true(not _strangers.ask(1, 11.0), "has answered")


func test_broadcast_from_before_the_news_is_dropped_and_its_sender_asked() -> void:
	var drops: Dictionary[StringName, int] = {}
	var events: Array[Event] = []
	var mail := _mail(events, drops)

	assert_eq(mail.receive(_data(1, true), 1, 10.0), Constants.DROP_STRAY_FANOUT, "stray")
	var asked := mail.datagrams_to_send(10.0)
	assert_eq(mail.receive(_data(4, true), 4, 10.0), &"", "of who came later")
	assert_eq(mail.receive(_data(1, false), 1, 10.1), &"", "for this member alone")
	assert_eq(mail.receive(_data(1, true), 1, 10.1), &"", "broadcast after the news")

	assert_true(not _strangers.has(1), "no stranger any more")
	assert_eq(asked.size(), 1, "datagrams")
	assert_eq(asked[0].hex_encode(), "a75c00000001" + "020000" + "80", "PING")
	assert_eq(events.size(), 3, "messages")


func test_single_datagram_for_the_process_before_is_dropped() -> void:
	var drops: Dictionary[StringName, int] = {}
	var events: Array[Event] = []
	var mail := _mail(events, drops)
	mail.strangers = Strangers.new(OWN_ID, true)

	assert_eq(mail.receive(_data(4, false), 4, 10.0), Constants.DROP_STRAY_FANOUT, "DATA")
	assert_eq(mail.receive(_frame("000006200000706f73"), 4, 10.0), &"", "FRAME")
	assert_eq(events.size(), 1, "messages before the answer")
	mail.strangers.meet(4, true, RTT, 10.1)
	assert_eq(mail.receive(_data(4, false), 4, 10.2), &"", "after the answer")
	assert_eq(mail.receive(_frame("000007200001706f73"), 4, 10.2), &"", "FRAME after it")
	assert_eq(events.size(), 3, "messages")


func test_session_that_takes_everything_knows_no_strangers() -> void:
	var drops: Dictionary[StringName, int] = {}
	var events: Array[Event] = []
	var mail := _mail(events, drops)
	mail.strangers = null

	assert_eq(mail.receive(_data(1, true), 1, 10.0), &"", "taken")


func _mail(events: Array[Event], drops: Dictionary[StringName, int]) -> Mail:
	var grant := Message.new()
	grant.fields = {&"tag": 0x5C, &"peer": OWN_ID, &"max_datagram": 1200}
	var roster := Roster.new()
	roster.peers = {1: 0, 2: 0, 3: 0, 4: 0}
	var mail := Mail.new(grant, roster, events, drops)
	mail.strangers = _strangers
	return mail


func _frame(body: String) -> PackedByteArray:
	return Header.encode(Constants.FirstByte.FRAME, 0x5C, 4) + body.hex_decode()


func _data(source: int, is_fanout: bool) -> PackedByteArray:
	var datagram := Header.encode(Constants.FirstByte.DATA, 0x5C, source)
	if is_fanout:
		datagram[2] |= 0x80
	return datagram + PackedByteArray([7])
