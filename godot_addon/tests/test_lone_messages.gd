extends "res://tests/test_case.gd"
## A datagram with one whole message is taken in by a short way that must do what the long one does.

const Allowance := preload("res://addons/packhorse/core/delivery/allowance.gd")
const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Delivered := preload("res://addons/packhorse/core/delivery/delivered.gd")
const FrameDecoder := preload("res://addons/packhorse/wire/frame_decoder.gd")
const Hub := preload("res://addons/packhorse/core/delivery/hub.gd")
const MemoryBudget := preload("res://addons/packhorse/core/delivery/memory_budget.gd")
const PeerDelivery := preload("res://addons/packhorse/core/delivery/peer_delivery.gd")

const ROUNDS := 3000
const SIZES: Array[int] = [20, 20, 1100, 3000]  # bytes
const PEER := 2
const RESTARTS: Dictionary[int, int] = {1: 3, PEER: 2}
const GENERATION := 5
const STEP := 0.004  # seconds

var _random := RandomNumberGenerator.new()
var _sender := Hub.new(0x5C, 1194, 1, RESTARTS)
var _short := Hub.new(0x5C, 1194, 1, RESTARTS)
var _long := PeerDelivery.new(
	1194, MemoryBudget.new(Constants.REASSEMBLY_TOTAL), 0.0, Allowance.new(), GENERATION
)
var _decoder := FrameDecoder.new()
var _waiting: Array[PackedByteArray] = []
var _lone := 0


func _init() -> void:
	_sender.note_told(PEER)


func test_both_ways_take_in_the_same_from_a_bad_network() -> void:
	_random.seed = 5
	for round_number in ROUNDS:
		var now := round_number * STEP
		_send(now)
		_answer(now)
		while _waiting.size() > _random.randi() % 3:
			_take_in(_next(), now)

	assert_true(_lone > ROUNDS / 4, "datagrams that went the short way: %d" % _lone)


func test_short_way_leaves_what_it_cannot_read_to_the_long_one() -> void:
	var taken := Delivered.new()
	var head := "a75c00000002"
	var budget := MemoryBudget.new(1 << 20)
	var delivery := PeerDelivery.new(1194, budget, 0.0, Allowance.new(), 0)
	for payload: String in [
		"",
		"020000",
		"02000000",
		"010000000000000000",
		"04000000616263646566",
		"02000004000161626364",
		"02000010000000000002616263",
		"0200002800000061626364",
		"0200000100616263646566",
		"02000080000000000000",
		"020000810000000061626364",
		"0600000061626364",
		"0400000061626364",
	]:
		var datagram := (head + payload).hex_decode()
		assert_true(not delivery.receive_lone(datagram, taken, 0.0), payload)

	assert_eq(taken.data.size(), 0, "messages")
	var good := (head + "020000" + "0061626364").hex_decode()
	assert_true(delivery.receive_lone(good, taken, 0.0), "good")
	assert_eq(taken.data, ["61626364".hex_decode()] as Array[PackedByteArray], "message")


func test_reliable_message_to_several_is_not_taken_in() -> void:
	var delivered := Delivered.new()
	_short.receive("a75c80000002080000200000616263".hex_decode(), PEER, delivered, 0.0)

	var drop := _short.receive("a75c80000002080001400000616263".hex_decode(), PEER, delivered, 0.0)

	assert_eq(drop, Constants.DROP_BAD_FRAME, "reason")
	assert_eq(delivered.data.size(), 1, "messages")


func _send(now: float) -> void:
	for _index in _random.randi() % 3:
		var data := PackedByteArray()
		data.resize(1 + _random.randi() % SIZES[_random.randi() % SIZES.size()])
		data[0] = _random.randi() & 0xFF
		_sender.push(data, PEER, _random.randi() % 4, _random.randi() % 2, now)
	_waiting.append_array(_sender.datagrams_to_send(now))


## Returns the next datagram of a network that loses, doubles and overtakes, and that has some left
## from before a restart.
func _next() -> PackedByteArray:
	var place := 0 if _random.randf() < 0.8 else _random.randi() % _waiting.size()
	var datagram := _waiting[place]
	if _random.randf() > 0.05:
		_waiting.remove_at(place)
	if _random.randf() < 0.02:
		datagram = datagram.duplicate()
		datagram[Constants.HEADER_SIZE] ^= 4 << _random.randi() % 6  # another generation
	return PackedByteArray() if _random.randf() < 0.05 else datagram


func _take_in(datagram: PackedByteArray, now: float) -> void:
	if not datagram:
		return
	var by_short := Delivered.new()
	var by_long := Delivered.new()
	var drop := _short.receive(datagram, PEER, by_short, now)
	assert_true(_decoder.decode(datagram, Constants.HEADER_SIZE), "decoded")
	_lone += 1 if _decoder.heads.size() == 1 and not _decoder.has_ack else 0
	assert_eq(drop, _long.receive(_decoder, by_long, now), "drop")
	assert_eq(_shown(by_short), _shown(by_long), "messages")


## Returns what there is to say of messages in few words: lane, size and first byte.
static func _shown(delivered: Delivered) -> Array:
	var shown := []
	for index in delivered.data.size():
		var message := delivered.data[index]
		shown.append([delivered.lanes[index], message.size(), message[0]])
	return shown


## Lets both ways say what they have to; the sender gets the same from both.
func _answer(now: float) -> void:
	var of_long: Array[PackedByteArray] = []
	var of_short := _short.datagrams_to_send(now)
	if _long.wake_at <= now:
		_long.handle_timeout(now)
		_long.datagrams_to_send("a75c00000002".hex_decode(), of_long, now)
	assert_eq(of_short, of_long, "answers")
	for datagram in of_short:
		_sender.receive(datagram, PEER, Delivered.new(), now)
