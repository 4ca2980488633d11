extends "res://tests/test_case.gd"
## Datagrams with messages of one lane: which arrive, which are sent again.

const AckedBatch := preload("res://addons/packhorse/core/delivery/acked_batch.gd")
const DeliveryRate := preload("res://addons/packhorse/core/delivery/delivery_rate.gd")
const FrameDecoder := preload("res://addons/packhorse/wire/frame_decoder.gd")
const Outgoing := preload("res://addons/packhorse/core/delivery/outgoing.gd")
const SentDatagrams := preload("res://addons/packhorse/core/delivery/sent_datagrams.gd")

const RELIABLE := 2
const SIZE := 100  # bytes of a message
const ROOM := 110  # bytes; place for one message
const LARGEST := 1100  # bytes
const CREDIT := 1 << 20  # bytes
const RTT := 0.1  # seconds
const KEY := RELIABLE << 8  # of the lane

var _outgoing := Outgoing.new(LARGEST, {})
var _rate := DeliveryRate.new(0.0)
var _sent := SentDatagrams.new(_outgoing, _rate)
var _batch := AckedBatch.new()


func test_acknowledged_datagrams_end_what_waits_for_them() -> void:
	_send(0, 4)

	_acknowledge(3, "07")

	assert_eq(_batch.acked, 4, "datagrams")
	assert_eq(_rate.delivered, 4 * SIZE, "bytes")
	assert_true(_sent.is_empty() and _outgoing.is_idle(), "all has arrived")


func test_a_gap_leaves_one_under_way_until_it_is_overtaken() -> void:
	_send(0, 5)

	_acknowledge(1, "")
	assert_eq(_sent.detect_losses(RTT, 0.05), 0, "lost at first")
	assert_true(_sent.loss_at > 0.05, "time until the first counts as lost")
	_acknowledge(4, "07")
	assert_eq(_sent.detect_losses(RTT, 0.05), 1, "lost by then")

	assert_true(_sent.is_empty() and not _outgoing.is_idle(), "one has to be sent again")
	assert_eq(_outgoing.take_reliable(ROOM, CREDIT).sequence, 0, "message that is sent again")


func test_what_was_given_up_too_early_is_not_sent_again_for_long() -> void:
	_send(0, 1)
	_sent.give_up_all()
	assert_true(_outgoing.has_reliable(CREDIT), "is sent again")

	_acknowledge(0, "")

	assert_eq(_batch.acked, 0, "datagrams that were under way")
	assert_true(_outgoing.is_idle() and not _outgoing.has_reliable(CREDIT), "it had arrived")


func test_newest_is_sent_again_while_it_may_still_arrive() -> void:
	_send(0, 2)
	_sent.repair_newest()

	assert_eq(_outgoing.take_reliable(ROOM, CREDIT).sequence, 1, "message that is sent again")
	_acknowledge(1, "01")

	assert_true(_outgoing.is_idle(), "its first copy has arrived")


func test_nothing_is_forgotten_however_many_have_passed() -> void:
	for number in 3000:
		_send(number, 1)
		if number != 5:
			_acknowledge(number, "")
	assert_eq(_sent.bytes_in_flight, SIZE, "bytes under way")

	_sent.detect_losses(RTT, 0.05)

	assert_eq(_outgoing.take_reliable(ROOM, CREDIT).sequence, 5, "message that is sent again")


## Sends so many datagrams from a number on, with one message in each.
func _send(number: int, count: int) -> void:
	for index in count:
		var message := PackedByteArray()
		message.resize(SIZE)
		_outgoing.push_reliable(message, RELIABLE, 0)
		var lane := _outgoing.lone_lane()
		var sequence := lane.next_sequence
		lane.write(PackedByteArray(), ROOM, CREDIT)
		_outgoing.note_taken(SIZE, 1)
		_sent.add(number + index, SIZE, KEY, sequence, 1, 0.0)


func _acknowledge(largest: int, bitmap: String) -> void:
	var decoder := FrameDecoder.new()
	decoder.ack_bitmap = bitmap.hex_decode()
	_sent.acknowledge(decoder, largest, _batch, 0.05)
