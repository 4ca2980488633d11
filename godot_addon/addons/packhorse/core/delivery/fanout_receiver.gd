extends RefCounted
## Copies of what one peer sent to several: unreliable frames that are not acknowledged.
##
## Source: protocol_spec/SPEC.md section 16.15.

const Constants := preload("../../wire/constants.gd")
const Credit := preload("credit.gd")
const Delivered := preload("delivered.gd")
const FrameDecoder := preload("../../wire/frame_decoder.gd")
const Frames := preload("../../wire/frames.gd")
const MemoryBudget := preload("memory_budget.gd")
const ReceiveLanes := preload("receive_lanes.gd")
const ReceivedNumbers := preload("received_numbers.gd")
const Serial := preload("serial.gd")

var _generation: int
var _received: ReceivedNumbers
var _lanes: ReceiveLanes


## Takes what its sender has sent after [param restarts] of it, 0..63.
func _init(budget: MemoryBudget, restarts := 0) -> void:
	_generation = restarts
	_received = ReceivedNumbers.new(Serial.HALF, restarts << Frames.GENERATION_SHIFT)
	_lanes = ReceiveLanes.new(budget, Credit.new(), Serial.HALF)  # credit: for reliable ones alone


## Takes in a FRAME datagram that holds nothing but one whole message, the next of its lane; false,
## and nothing has happened, when it has to be decoded for [method receive].
func receive_lone(datagram: PackedByteArray, delivered: Delivered, now: float) -> bool:
	var number := _received.lone_number(datagram)
	if number < 0 or datagram[ReceiveLanes.KIND_AT] >> Frames.MODE_SHIFT >= Constants.Mode.RELIABLE:
		return false
	if not _lanes.take_lone(datagram, delivered):
		return false
	_received.accept(number, false, now)
	return true


## Takes in a payload that was decoded well and adds the messages that it completes to
## [param delivered]; returns why it was not acted upon, or an empty name.
func receive(decoded: FrameDecoder, delivered: Delivered, now: float) -> StringName:
	if decoded.generation != _generation:
		return Constants.DROP_WRONG_GENERATION
	if not _is_allowed(decoded):
		return Constants.DROP_BAD_FRAME
	var number := _received.expand_new(decoded.number)
	if number < 0:
		return Constants.DROP_DUPLICATE_NUMBER
	_received.accept(number, false, now)
	var before := delivered.data.size()
	var failure := _lanes.take(decoded, delivered)
	return failure if delivered.data.size() == before else &""


## Gives back all memory.
func close() -> void:
	_lanes.close()


func _is_allowed(decoded: FrameDecoder) -> bool:
	if decoded.asks_ack or decoded.has_ack or decoded.credit >= 0:
		return false
	for head in decoded.heads:
		if head >> 24 & 0xFF >= Constants.Mode.RELIABLE:
			return false
	return true
