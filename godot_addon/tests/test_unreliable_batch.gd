extends "res://tests/test_case.gd"
## Small packets of one frame are joined, large ones are not; broadcasts leave once.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Event := preload("res://addons/packhorse/core/event.gd")
const Mail := preload("res://addons/packhorse/core/mail.gd")
const Message := preload("res://addons/packhorse/wire/message.gd")
const Roster := preload("res://addons/packhorse/core/roster.gd")
const UnreliableBatch := preload("res://addons/packhorse/core/unreliable_batch.gd")

const LARGEST := 51  # bytes behind the header; frames that are joined have 30 at most
const DATA := "a45c"
const FRAME := "a75c"
const TO_2 := "00000002"
const TO_4 := "00000004"
const TO_ALL := "00000000"
const BUT_3 := "fffffffd"
const ORDERED := Constants.Mode.UNRELIABLE_ORDERED << 8

var _roster := Roster.new()
var _mail: Mail
var _batch := UnreliableBatch.new()


func _init() -> void:
	_roster.peers = {1: 0, 2: 0, 3: 0}
	var grant := Message.new()
	grant.fields = {&"peer": 1, &"tag": 0x5C, &"max_datagram": LARGEST + Constants.HEADER_SIZE}
	var events: Array[Event] = []
	_mail = Mail.new(grant, _roster, events, {})
	for peer: int in [2, 3]:
		_mail.hub.note_told(peer)
	_batch.start(_mail)
	_mail.push("hello".to_ascii_buffer(), 2, Constants.Mode.UNRELIABLE, 1, 0.0)
	_mail.datagrams_to_send(0.0)  # the first datagram to a peer asks for an answer


func test_one_packet_stays_as_it_is() -> void:
	_put("one", 2)

	assert_eq(_sent(), [DATA + TO_2 + "6f6e65"], "sent")


func test_packets_to_one_peer_are_joined() -> void:
	for text: String in ["a", "bc", "d"]:
		_put(text, 2)

	var frames := "04000161" + "0400026263" + "04000164"
	assert_eq(_sent(), [FRAME + TO_2 + "000001" + frames], "sent")


func test_packets_to_several_destinations_stay_apart() -> void:
	for target: int in [2, -3, 2]:
		_put("a", target)

	var joined := FRAME + TO_2 + "000001" + "04000161" + "04000161"
	assert_eq(_sent(), [joined, DATA + BUT_3 + "61"], "sent")


func test_two_that_do_not_fit_stay_alone() -> void:
	for text: String in ["0123456789", "abcdefghijklmnop"]:
		_put(text, 2)

	var numbers := "0123456789".to_ascii_buffer().hex_encode()
	var letters := "abcdefghijklmnop".to_ascii_buffer().hex_encode()
	assert_eq(_sent(), [DATA + TO_2 + numbers, DATA + TO_2 + letters], "sent")


func test_frames_stay_within_the_largest_datagram() -> void:
	for _index in 7:
		_put("0123", 2)

	var sizes := _sent().map(func(sent: String) -> int: return sent.length() >> 1)
	assert_eq(sizes, [9 + 4 * 7, 9 + 3 * 7], "bytes")


func test_packet_that_no_datagram_holds_is_cut() -> void:
	var large := "".rpad(LARGEST + 1, "x")

	_put(large, 2)

	assert_eq(_sent(), [], "sent at once")
	assert_eq(_mail.datagrams_to_send(0.0).size(), 2, "queued")


func test_ordered_packets_are_numbered_in_their_lane() -> void:
	for lane: int in [ORDERED, ORDERED | 5, ORDERED]:
		_put("a", 2, lane)

	var frames := "240000000161" + "2c050000000161" + "240001000161"
	assert_eq(_sent(), [FRAME + TO_2 + "000001" + frames], "sent")


func test_ordered_packet_alone_needs_no_length() -> void:
	_put("a", 2, ORDERED)
	var first := _sent()
	_put("b", 2, ORDERED)

	assert_eq(first, [FRAME + TO_2 + "000001" + "20000061"], "first")
	assert_eq(_sent(), [FRAME + TO_2 + "000002" + "20000162"], "second")


func test_ordered_packet_waits_behind_what_is_queued() -> void:
	_mail.push("first".to_ascii_buffer(), 2, Constants.Mode.UNRELIABLE_ORDERED, 0, 0.0)

	_put("a", 2, ORDERED)

	assert_eq(_sent(), [], "sent at once")
	var queued := _mail.datagrams_to_send(0.0)
	assert_eq(queued.size(), 1, "queued")
	assert_eq(queued[0].slice(-4).hex_encode(), "20000161", "the second in its lane")


func test_broadcast_leaves_once() -> void:
	for target: int in [2, 3]:
		_put("a", target)

	assert_eq(_sent(), [DATA + TO_ALL + "61"], "sent")


func test_ordered_broadcast_leaves_once_and_behind_what_is_queued_for_all() -> void:
	for target: int in [2, 3]:
		_put("a", target, ORDERED)
	var first := _sent()
	_mail.push("b".to_ascii_buffer(), 0, Constants.Mode.UNRELIABLE_ORDERED, 0, 0.0)
	for target: int in [2, 3]:
		_put("c", target, ORDERED)

	assert_eq(first, [FRAME + TO_ALL + "000000" + "20000061"], "first")
	assert_eq(_sent(), [], "sent before the other")
	var queued := _mail.datagrams_to_send(0.0)
	assert_eq(queued[0].slice(-4).hex_encode(), "20000263", "the third in its lane")


func test_what_has_gone_out_is_forgotten() -> void:
	_put("a", 2)
	_sent()

	_put("b", 2)

	assert_eq(_sent(), [DATA + TO_2 + "62"], "sent")


func test_start_forgets_what_waits() -> void:
	for target: int in [2, 2, 3]:
		_put("a", target)

	_batch.start(_mail)
	_put("b", 2)

	assert_eq(_sent(), [DATA + TO_2 + "62"], "sent")


func test_nothing_goes_to_a_peer_that_has_left() -> void:
	_roster.peers.erase(2)
	_mail.forget(2)

	for _index in 2:
		_put("a", 2)

	assert_eq(_sent(), [], "sent")
	assert_eq(_mail.datagrams_to_send(0.0).size(), 0, "queued")


## ROOM-5: of whichever form the packets are, and though something has come from the peer.
func test_nothing_goes_to_a_peer_that_the_game_has_not_been_told_of() -> void:
	_roster.peers[4] = 0
	var news := Event.new(Event.Type.PEER_JOINED, 4)
	_mail.welcome(news, 0.0)
	_mail.receive((FRAME + TO_4 + "02000080").hex_decode(), 4, 0.0)
	_mail.datagrams_to_send(0.0)  # the acknowledgement
	for lane: int in [0, ORDERED]:
		_put("a", 4, lane)
		assert_eq(_sent(), [], "alone in lane %d" % lane)
		for _index in 2:
			_put("a", 4, lane)
		assert_eq(_sent(), [], "joined in lane %d" % lane)
	assert_eq(_mail.datagrams_to_send(0.0).size(), 0, "queued")

	_mail.note_told(news)
	_put("a", 4)
	assert_eq(_sent(), [DATA + TO_4 + "61"], "told of")
	_put("a", 4, ORDERED)

	assert_eq(_sent(), [FRAME + TO_4 + "000001" + "20000061"], "the first of its lane")


## ROOM-5: one peer can be left out of what goes to all.
func test_broadcast_leaves_out_the_one_peer_that_the_game_has_not_been_told_of() -> void:
	var news := Event.new(Event.Type.PEER_JOINED, 3)
	_mail.forget(3)
	_mail.welcome(news, 0.0)
	for target: int in [2, 3]:
		_put("a", target)
	var plain := _sent()
	_put("b", 0, ORDERED)
	var ordered := _sent()
	_mail.push("c".to_ascii_buffer(), 0, Constants.Mode.UNRELIABLE_ORDERED, 0, 0.0)
	var queued := _mail.datagrams_to_send(0.0)
	_mail.note_told(news)
	_put("d", 0)

	assert_eq(plain, [DATA + BUT_3 + "61"], "plain")
	assert_eq(ordered, [FRAME + BUT_3 + "000000" + "20000062"], "ordered")
	assert_eq(queued[0].hex_encode(), FRAME + BUT_3 + "000001" + "20000163", "queued")
	assert_eq(_sent(), [DATA + TO_ALL + "64"], "after the news")


func _put(text: String, destination: int, lane := 0) -> void:
	_batch.put_unreliable(text.to_ascii_buffer(), destination, lane)


## Returns what goes out at once.
func _sent() -> Array:
	var others := PackedInt32Array([2, 3])
	var sent := []
	for datagram in _batch.take_unreliable(others, 0.0):
		sent.append(datagram.hex_encode())
	return sent
