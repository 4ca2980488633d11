extends "res://tests/test_case.gd"
## Who may write to whom, and what is kept for it.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Event := preload("res://addons/packhorse/core/event.gd")
const Header := preload("res://addons/packhorse/wire/header.gd")
const Inbox := preload("res://addons/packhorse/core/inbox.gd")
const Mail := preload("res://addons/packhorse/core/mail.gd")
const Message := preload("res://addons/packhorse/wire/message.gd")
const Roster := preload("res://addons/packhorse/core/roster.gd")

const RELIABLE := Constants.Mode.RELIABLE

var _roster := Roster.new()
var _events: Array[Event] = []
var _drops: Dictionary[StringName, int] = {}
var _mail: Mail


func _init() -> void:
	_roster.peers = {1: 0, 2: 0, 3: 0}
	_mail = Mail.new(_grant(0x5C), _roster, _events, _drops)
	for peer in _roster.peers:
		_mail.hub.note_told(peer)


func test_message_under_way_goes_on_under_a_new_tag() -> void:
	_mail.push("hi".to_ascii_buffer(), 1, RELIABLE, 0, 0.0)
	var first := _mail.datagrams_to_send(0.0)

	_mail.begin_epoch(_grant(0x77))
	var again := _mail.datagrams_to_send(0.6)

	assert_eq(first[0].slice(0, 6).hex_encode(), "a75c00000001", "first")
	assert_eq(again[0].slice(0, 6).hex_encode(), "a77700000001", "repeated")
	assert_eq(again[0].slice(9), first[0].slice(9), "frame")


func test_reliable_message_to_all_is_refused_when_one_buffer_is_full() -> void:
	var large := PackedByteArray()
	large.resize(9 << 20)
	_mail.push(large, 3, RELIABLE, 0, 0.0)

	var result := _mail.push("hi".to_ascii_buffer(), 0, RELIABLE, 0, 0.0)

	assert_eq(result, ERR_OUT_OF_MEMORY, "result")
	assert_true(_mail.hub.peer_delivery(1) == null, "nothing was sent to the other")


func test_many_tiny_messages_fill_the_buffer_too() -> void:
	var count := 0
	while _mail.push("x".to_ascii_buffer(), 1, RELIABLE, 0, 0.0) == OK:
		count += 1

	assert_true(count < 150_000, "bounded: %d" % count)


func test_message_of_more_than_the_largest_size_is_refused() -> void:
	var large := PackedByteArray()
	large.resize(Constants.MAX_UNRELIABLE_MESSAGE + 1)

	var result := _mail.push(large, 1, Constants.Mode.UNRELIABLE, 0, 0.0)

	assert_eq(result, ERR_INVALID_PARAMETER, "result")


func test_datagram_that_goes_directly_is_not_handed_to_the_relay() -> void:
	var posted: Array[Array] = []
	var post := func(
		datagram: PackedByteArray, to: int, receivers: Array[int], _now: float
	) -> bool:
		posted.append([datagram[0], to, receivers])
		return to == 1
	_mail.post_directly(post)
	for peer: int in [1, 2]:
		_mail.push("hi".to_ascii_buffer(), peer, RELIABLE, 0, 0.0)

	var relayed := _mail.datagrams_to_send(0.0)

	assert_eq(relayed.map(Header.destination_of), [2], "relayed")
	var frame := Constants.FirstByte.FRAME
	assert_eq(posted, [[frame, 1, [1]], [frame, 2, [2]]] as Array[Array], "posted")
	var to_all: Array[PackedByteArray] = [_mail.plain_datagram("hi".to_ascii_buffer(), 0)]
	assert_eq(_mail.to_relay(to_all, 0.0), to_all, "to all")
	assert_eq(posted[-1][2], [1, 2, 3], "all others")
	_mail.post_directly(Callable())
	assert_eq(_mail.to_relay(to_all, 0.0), to_all, "to nobody any more")
	assert_eq(posted.size(), 3, "posted")


func test_doubt_sends_what_is_under_way_again_at_once() -> void:
	_mail.push("hi".to_ascii_buffer(), 1, RELIABLE, 0, 0.0)
	var first := _mail.datagrams_to_send(0.0)
	assert_eq(_mail.datagrams_to_send(0.01).size(), 0, "nothing is due")

	_mail.hub.doubt_path(1, 0.02)
	var again := _mail.datagrams_to_send(0.02)

	assert_eq(again.size(), 1, "datagrams")
	assert_eq(again[0].slice(9), first[0].slice(9), "frame")


func test_nobody_queues_anything_for_a_peer_that_has_left() -> void:
	var queue := _mail.queue_to(1, 0.0)
	queue.push_reliable("hi".to_ascii_buffer(), RELIABLE, 0)
	assert_eq(_mail.datagrams_to_send(0.0).size(), 1, "datagrams")

	_roster.peers.erase(1)
	_mail.forget(1)

	assert_eq(_mail.queue_to(1, 0.1), null, "queue")
	assert_eq(_mail.datagrams_to_send(1.0).size(), 0, "datagrams after it has left")


## ROOM-5.
func test_reliable_message_goes_only_to_whom_the_game_has_been_told_of() -> void:
	var news := _join(4)
	var data := "hi".to_ascii_buffer()

	assert_eq(_mail.push(data, 4, RELIABLE, 0, 0.0), OK, "to it alone")
	assert_eq(_mail.push(data, 0, RELIABLE, 0, 0.0), OK, "to all")
	assert_eq(_mail.queue_to(4, 0.0), null, "queue")
	var before := _mail.datagrams_to_send(0.0).map(Header.destination_of)
	_mail.note_told(news)
	_mail.push(data, 4, RELIABLE, 0, 0.0)
	var after := _mail.datagrams_to_send(0.0)

	assert_eq(before, [1, 2, 3], "receivers before the news")
	assert_eq(after.map(Header.destination_of), [4], "receivers after the news")
	assert_eq(after[0].slice(6).hex_encode(), "0200004000006869", "first message of its lane")


## ROOM-5.
func test_old_news_of_a_peer_that_was_restarted_since_do_not_count() -> void:
	var first := _join(4)
	_mail.forget(4)
	var second := _join(4)
	_mail.note_told(first)
	assert_eq(_mail.queue_to(4, 0.0), null, "queue after the first news")

	_mail.note_told(second)

	assert_true(_mail.queue_to(4, 0.0) != null, "queue after the second news")


func test_other_path_has_no_round_trip_time_yet() -> void:
	_mail.push("hi".to_ascii_buffer(), 1, RELIABLE, 0, 0.0)
	_mail.datagrams_to_send(0.0)
	_mail.hub.peer_delivery(1).flight.rtt.add(0.1)

	_mail.hub.change_path(1, 0.2)

	assert_true(_mail.hub.peer_delivery(1).flight.rtt.smoothed < 0.0, "round-trip time")


func test_nothing_is_kept_of_a_peer_that_has_left() -> void:
	_mail.push("hi".to_ascii_buffer(), 1, RELIABLE, 0, 0.0)
	_mail.datagrams_to_send(0.0)

	_mail.forget(1)

	assert_eq(_mail.datagrams_to_send(10.0).size(), 0, "datagrams")
	assert_true(_mail.hub.is_idle(), "idle")


func test_rtt_is_measured_once_a_second_at_most() -> void:
	var pings := 0
	for tenth in 25:
		_mail.measure(2, tenth / 10.0)
		pings += _mail.datagrams_to_send(tenth / 10.0).size()

	assert_eq(pings, 3, "datagrams")


func test_frame_of_a_peer_is_taken_and_of_oneself_dropped() -> void:
	for source: int in [5, 3]:
		var frame := Header.encode(Constants.FirstByte.FRAME, 0x5C, source)
		frame.append_array("0200004000006869".hex_decode())
		assert_eq(_mail.receive(frame, source, 0.0), _expected(source), "source %d" % source)

	assert_eq(_events.size(), 1, "messages")


func test_message_goes_straight_to_the_inbox_when_no_event_waits() -> void:
	var inbox := _hand_to_inbox()

	_mail.receive(_data(1, 7), 1, 0.0)
	_events.append(Event.new(Event.Type.PEER_JOINED, 4))
	_mail.receive(_data(2, 8), 2, 0.0)

	assert_eq([inbox.waiting, inbox.next_peer, inbox.pop()[0]], [1, 1, 7], "in the inbox")
	assert_eq(_events.size(), 2, "events")
	assert_eq(_events[1].data, PackedByteArray([8]), "behind the news")


func test_unreliable_messages_behind_news_that_nobody_takes_are_bounded() -> void:
	_hand_to_inbox()
	_events.append(Event.new(Event.Type.PEER_JOINED, 4))

	for _index in Inbox.MAX_PACKETS + 5:
		_mail.receive(_data(2, 8), 2, 0.0)

	assert_eq(_events.size(), Inbox.MAX_PACKETS, "events")
	assert_eq(_drops, {&"buffer_full": 6} as Dictionary[StringName, int], "drops")


func test_message_of_a_hidden_peer_is_thrown_away_and_counts_as_read() -> void:
	var inbox := _hand_to_inbox()

	for number in Mail.MAX_UNREAD + 10:
		var head := PackedByteArray(
			[2, number >> 8, number & 0xFF, 0x60, number >> 8, number & 0xFF, 97]
		)
		var frame := Header.encode(Constants.FirstByte.FRAME, 0x5C, 3) + head
		assert_eq(_mail.receive(frame, 3, 0.0), &"", "taken")

	assert_eq(inbox.waiting, 0, "inbox")
	assert_eq(_events.size(), 0, "events")


func test_acknowledgement_goes_out_when_it_is_due_and_nothing_before() -> void:
	var frame := Header.encode(Constants.FirstByte.FRAME, 0x5C, 3)
	_mail.receive(frame + "0200004000006869".hex_decode(), 3, 1.0)

	assert_eq(_mail.datagrams_to_send(1.0).size(), 0, "at once")
	var sent := _mail.datagrams_to_send(1.0 + Constants.ACK_DELAY)
	assert_eq(sent.size(), 1, "when due")
	assert_eq(sent[0].slice(0, 11).hex_encode(), "a75c00000003" + "0100000000", "acknowledgement")
	assert_eq(_mail.datagrams_to_send(2.0).size(), 0, "later")


func test_nothing_is_taken_in_after_leaving() -> void:
	_mail.close()

	var data := Header.encode(Constants.FirstByte.DATA, 0x5C, 1) + PackedByteArray([1])

	assert_eq(_mail.receive(data, 1, 0.0), Constants.DROP_UNEXPECTED_MESSAGE, "dropped")


## Lets a peer join of which the game has not been told.
func _join(peer: int) -> Event:
	_roster.peers[peer] = 0
	var news := Event.new(Event.Type.PEER_JOINED, peer)
	_mail.welcome(news, 0.0)
	return news


func _hand_to_inbox() -> Inbox:
	var inbox := Inbox.new()
	_mail.hand_to(inbox, {1: true, 2: true})
	return inbox


static func _data(source: int, byte: int) -> PackedByteArray:
	return Header.encode(Constants.FirstByte.DATA, 0x5C, source) + PackedByteArray([byte])


static func _expected(source: int) -> StringName:
	return &"" if source == 3 else Constants.DROP_UNKNOWN_PEER


static func _grant(tag: int) -> Message:
	var grant := Message.new()
	grant.fields = {&"peer": 5, &"tag": tag, &"max_datagram": 1200}
	return grant
