extends RefCounted
## Everything that one peer and we owe each other: messages in, datagrams out, and back.
##
## Source: protocol_spec/SPEC.md section 16.

const Allowance := preload("allowance.gd")
const AskSchedule := preload("ask_schedule.gd")
const Constants := preload("../../wire/constants.gd")
const Credit := preload("credit.gd")
const Cutter := preload("cutter.gd")
const Delivered := preload("delivered.gd")
const Flight := preload("flight.gd")
const FrameDecoder := preload("../../wire/frame_decoder.gd")
const Frames := preload("../../wire/frames.gd")
const MemoryBudget := preload("memory_budget.gd")
const Outgoing := preload("outgoing.gd")
const Pacer := preload("pacer.gd")
const Packing := preload("packing.gd")
const Piece := preload("piece.gd")
const ReceiveLanes := preload("receive_lanes.gd")
const ReceivedNumbers := preload("received_numbers.gd")
const SendLane := preload("send_lane.gd")
const Serial := preload("serial.gd")

const _NO_PIECES: Array[Piece] = []

## When [method datagrams_to_send] has work at the latest, clock seconds; its caller keeps this.
var wake_at := -INF
## What waits to be sent.
var outgoing: Outgoing
## What is under way.
var flight: Flight

var _max_payload: int
var _prefix: int  # first byte of a payload without flags: its generation
var _received: ReceivedNumbers
var _asking: AskSchedule
var _pacer := Pacer.new()
var _allowance: Allowance
var _packing := Packing.new()
var _credit := Credit.new()
var _lanes: ReceiveLanes
var _next_number := 0
var _wants_probe := false
var _is_ping_wanted := false
var _is_held_back := false  # unreliable messages, until the peer answers


## Makes payloads of at most [param max_payload] bytes and of one [param generation], 0..63.
func _init(
	max_payload: int, budget: MemoryBudget, now: float, allowance: Allowance, generation: int
) -> void:
	_max_payload = max_payload
	_prefix = generation << Frames.GENERATION_SHIFT
	_received = ReceivedNumbers.new(0, _prefix, Frames.ASKS_ACK)
	_allowance = allowance
	outgoing = Outgoing.new(Cutter.largest_piece(max_payload), {})
	_asking = AskSchedule.new(now)
	flight = Flight.new(outgoing, now)
	_lanes = ReceiveLanes.new(budget, _credit)


## Tells whether everything reliable was acknowledged.
func is_idle() -> bool:
	return outgoing.is_idle()


## Returns the fraction of the peer's datagrams that never came, 0..1.
func loss() -> float:
	return float(_received.missed) / maxi(1, _received.expected)


## Queues a message; [method datagrams_to_send] hands it out. Look
## for room in [member outgoing] before a reliable one.
##
## An unreliable one is dropped when 31744 datagrams have gone out without any answer.
func push(data: PackedByteArray, mode: int, channel: int) -> void:
	wake_at = -INF
	if mode >= Constants.Mode.RELIABLE:
		outgoing.push_reliable(data, mode, channel)
	elif AskSchedule.may_go_on(_next_number, flight.sent.largest_acked):
		outgoing.push(data, mode, channel)
	else:
		_is_held_back = true


## Queues frames of unreliable messages that stay together; as [method push].
func push_frames(frames: PackedByteArray) -> void:
	wake_at = -INF
	if AskSchedule.may_go_on(_next_number, flight.sent.largest_acked):
		outgoing.push_frames(frames)
	else:
		_is_held_back = true


## Returns, behind [param head], the datagram of frames of unreliable messages that stay together,
## when it would carry nothing else; empty when they have to go by [method push_frames].
func lone_datagram(head: PackedByteArray, frames: PackedByteArray, now: float) -> PackedByteArray:
	if wake_at <= now or _received.ack_at < INF or _asking.is_due(_next_number, now):
		return PackedByteArray()
	if not AskSchedule.may_go_on(_next_number, flight.sent.largest_acked):
		return PackedByteArray()
	var buffer := head.duplicate()
	Frames.append_number(buffer, _next_number, _prefix)
	buffer.append_array(frames)
	_allowance.count(buffer.size() - head.size(), now)
	flight.sent.note_time(_next_number, now)
	_next_number += 1
	return buffer


## Asks for an acknowledgement, to measure the RTT.
func ping() -> void:
	_is_ping_wanted = true
	wake_at = -INF


## Notes that the application has taken [param messages] reliable ones, of [param size] bytes
## together.
func consume(size: int, messages := 1) -> void:
	var credit := _credit.consume(size, messages)
	if credit != null:
		outgoing.push_control(credit)
		wake_at = -INF


## Takes in a FRAME datagram that holds nothing but one whole message, the next of its lane; false,
## and nothing has happened, when it has to be decoded for [method receive].
func receive_lone(datagram: PackedByteArray, delivered: Delivered, now: float) -> bool:
	var number := _received.lone_number(datagram)
	if number < 0 or not _lanes.take_lone(datagram, delivered):
		return false
	_received.accept(number, datagram[Constants.HEADER_SIZE] & Frames.ASKS_ACK != 0, now)
	wake_at = minf(wake_at, _received.ack_at)
	return true


## Takes in a payload that was decoded well and adds the messages that it completes to
## [param delivered]; returns why it was not, or not wholly, acted upon, or an empty name.
func receive(decoded: FrameDecoder, delivered: Delivered, now: float) -> StringName:
	if decoded.generation << Frames.GENERATION_SHIFT != _prefix:
		return Constants.DROP_WRONG_GENERATION
	if decoded.has_ack:
		var largest := Serial.expand(decoded.ack_largest, _next_number)
		if largest >= _next_number:
			return Constants.DROP_BAD_FRAME
		flight.take_ack(decoded, largest, now)
	if decoded.credit >= 0:
		_credit.grant(decoded.credit)
	if decoded.has_ack or decoded.credit >= 0:
		wake_at = _rest() if _has_nothing_to_send() else -INF
	var number := _received.expand_new(decoded.number)
	if number < 0:
		if decoded.asks_ack:
			_received.demand_ack(now)
			wake_at = minf(wake_at, _received.ack_at)
		return Constants.DROP_DUPLICATE_NUMBER
	var before := delivered.data.size()
	var failure := _lanes.take(decoded, delivered)
	if failure != Constants.DROP_REASSEMBLY_FULL:  # what finds no memory must come again
		_received.accept(number, decoded.asks_ack, now)
		if decoded.has_ping and decoded.asks_ack:
			_received.demand_ack(now)
		wake_at = minf(wake_at, _received.ack_at)
	return failure if delivered.data.size() == before else &""


## Does what is due.
func handle_timeout(now: float) -> void:
	if flight.handle_timeout(now):
		_wants_probe = true


## Adds to [param datagrams] those that go out now, each behind [param head]; then
## [member wake_at] says when there is more to do.
func datagrams_to_send(
	head: PackedByteArray, datagrams: Array[PackedByteArray], now: float
) -> void:
	if _has_nothing_to_send():
		while _received.ack_at <= now:
			datagrams.append(_acknowledgement(head, now))
		wake_at = _rest()
		return
	if _is_held_back and now >= _asking.due_at:
		_is_held_back = false
		_is_ping_wanted = true
	var lane := _lone_lane()
	while lane == null:
		var may_send := _may_send_now(now)
		if not may_send and not _has_urgent_work(now):
			break
		datagrams.append(_next_datagram(head, may_send, now))
		lane = _lone_lane()
	if lane != null:
		_send_messages(lane, head, datagrams, now)
	var has_more := outgoing.has_reliable(_credit.left)
	var has_place := flight.has_place()
	_pacer.is_holding = has_more and has_place
	if has_place and not has_more:
		flight.note_app_limited()
	wake_at = minf(_received.ack_at, flight.next_timeout())
	if _pacer.is_holding:
		wake_at = minf(wake_at, maxf(maxf(_pacer.next_at, _allowance.next_at), now))
	if _is_held_back:
		wake_at = minf(wake_at, _asking.due_at)


## Sends everything under way again: its path has fallen silent.
func doubt_path(now: float) -> void:
	flight.doubt_path(now)
	wake_at = -INF


## Forgets RTT and congestion: they were those of another path (SPEC.md section 16.16).
func change_path(now: float) -> void:
	flight.change_path(now)
	wake_at = -INF


## Gives back all memory.
func close() -> void:
	_lanes.close()


## Tells, at little cost, that nothing but acknowledgements can leave; false when not sure.
func _has_nothing_to_send() -> bool:
	return outgoing.is_empty() and not (_is_ping_wanted or _wants_probe or _is_held_back)


## Notes that nothing waits to be sent; returns when there is more to do, clock seconds.
func _rest() -> float:
	_pacer.is_holding = false
	if flight.has_place():
		flight.note_app_limited()
	return minf(_received.ack_at, flight.next_timeout())


## Returns a datagram that holds nothing but an acknowledgement.
func _acknowledgement(head: PackedByteArray, now: float) -> PackedByteArray:
	var buffer := head.duplicate()
	Frames.append_number(buffer, _next_number, _prefix | Frames.HAS_ACK)
	_received.append_ack(buffer, now)
	_note_sent(buffer.size() - head.size(), _NO_PIECES, false, now)
	return buffer


func _may_send_now(now: float) -> bool:
	var may_leave := _pacer.next_at <= now and _allowance.next_at <= now
	return may_leave and outgoing.has_reliable(_credit.left) and flight.has_place()


## Returns the lane whose messages are all that waits to be sent; null when there is none, or more
## has to be looked at.
func _lone_lane() -> SendLane:
	if _received.ack_at < INF or _is_ping_wanted or _wants_probe:
		return null
	return outgoing.lone_lane()


## Sends the messages of [method _lone_lane] as far as they may leave; what [method _next_datagram]
## would send, with fewer looks.
func _send_messages(
	lane: SendLane, head: PackedByteArray, datagrams: Array[PackedByteArray], now: float
) -> void:
	var before := _next_number
	var room := _max_payload - Frames.NUMBER_SIZE - Frames.LENGTH_SIZE
	var rate := flight.pacing_rate()
	while (
		lane.waiting and _pacer.next_at <= now and _allowance.next_at <= now and flight.has_place()
	):
		var first := lane.next_sequence
		var buffer := head.duplicate()
		Frames.append_number(buffer, _next_number, _prefix | Frames.ASKS_ACK)
		var count := lane.write(buffer, room, _credit.left)
		if not count:
			break
		datagrams.append(buffer)
		var size := buffer.size() - head.size()
		_credit.left -= lane.taken_bytes + count * Constants.MESSAGE_COST
		outgoing.note_taken(lane.taken_bytes, count)
		flight.sent.add(_next_number, size, lane.key, first, count, now)
		_pacer.count(size, rate, now)
		_allowance.count(size, now)
		_next_number += 1
	if _next_number > before:
		flight.timer.restart(now)
		_asking.note(_next_number - 1, now)


## Tells whether something leaves whatever the window and the pacing say.
func _has_urgent_work(now: float) -> bool:
	return _received.ack_at <= now or outgoing.has_unreliable() or _is_ping_wanted or _wants_probe


func _next_datagram(head: PackedByteArray, may_send: bool, now: float) -> PackedByteArray:
	var is_probe := _wants_probe
	if is_probe:
		_probe()
		may_send = true
	var buffer := head.duplicate()
	var start := head.size()
	Frames.append_number(buffer, _next_number, _prefix)
	if _received.ack_at < INF:
		_received.append_ack(buffer, now)
		buffer[start] |= Frames.HAS_ACK
	var room := start + _max_payload - buffer.size()
	var asks_ack := _is_ping_wanted
	_wants_probe = is_probe and not asks_ack  # until it finds place beside the ack
	if asks_ack:
		buffer.append(Frames.PING)
		_is_ping_wanted = false
	var counted := _NO_PIECES
	if may_send or outgoing.has_unreliable():
		_packing.start(buffer, room)
		counted = _take_pieces(may_send)
		if not _packing.is_empty():
			asks_ack = asks_ack or counted or _asking.is_due(_next_number, now)
			_wants_probe = false
		_packing.finish()
	if asks_ack:
		buffer[start] |= Frames.ASKS_ACK
	_note_sent(buffer.size() - start, counted, asks_ack, now)
	return buffer


func _note_sent(size: int, counted: Array[Piece], asks_ack: bool, now: float) -> void:
	_allowance.count(size, now)
	flight.sent.note_time(_next_number, now)
	if asks_ack:
		_asking.note(_next_number, now)
	if counted:
		flight.sent.add_pieces(_next_number, size, counted, now)
		flight.timer.restart(now)
		_pacer.count(size, flight.pacing_rate(), now)
	_next_number += 1


## Moves what fits into the datagram; returns the pieces that must arrive.
func _take_pieces(may_send: bool) -> Array[Piece]:
	var counted: Array[Piece] = []
	var room := _packing.room()
	var piece := outgoing.take_unreliable(room)
	while piece != null:
		room = _packing.add(piece)
		piece = outgoing.take_unreliable(room)
	var credit := _credit.left
	var cost := 0
	while may_send and room >= 0:
		piece = outgoing.take_reliable(room, credit - cost)
		if piece == null:
			break
		if piece.cost:
			cost += piece.cost
			piece.cost = 0
		counted.append(piece)
		room = _packing.add(piece)
	_credit.left -= cost
	return counted


## Sends the newest unacknowledged pieces again, unless there is something new.
func _probe() -> void:
	_wants_probe = false
	if not outgoing.has_reliable(_credit.left):
		flight.sent.repair_newest()
	if not outgoing.has_reliable(_credit.left):
		_is_ping_wanted = true
