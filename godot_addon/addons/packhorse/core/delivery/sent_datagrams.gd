extends RefCounted
## Datagrams under way: which were acknowledged, which count as lost, and what is sent again then.
##
## Finds losses by later acknowledgements and by time (RACK), and learns from mistakes. Columns
## instead of objects, because every datagram with something that must arrive passes through.
## Source: protocol_spec/SPEC.md section 16.10.

const AckedBatch := preload("acked_batch.gd")
const Constants := preload("../../wire/constants.gd")
const DeliveryRate := preload("delivery_rate.gd")
const FrameDecoder := preload("../../wire/frame_decoder.gd")
const LostDatagram := preload("lost_datagram.gd")
const Outgoing := preload("outgoing.gd")
const Piece := preload("piece.gd")

const _GRANULARITY := 0.001  # seconds; RFC 9002 section 6.1.2
const _MAX_TIME_THRESHOLD := 2.0  # of the RTT, when much is reordered
const _MAX_REORDER_THRESHOLD := 256  # datagrams
const _TIMED := 2048  # datagrams whose time of sending is known
const _REMEMBERED := 1024  # datagrams declared lost that may yet prove to have arrived
const _COMPACT_AT := 256  # rows at the front that are given back to the system

var bytes_in_flight := 0
## When the next datagram counts as lost by time, clock seconds; INF for never.
var loss_at := INF
## The largest number that was acknowledged; -1 before the first.
var largest_acked := -1

var _outgoing: Outgoing
var _rate: DeliveryRate
var _front := 0  # place of the first that is under way
var _numbers := PackedInt64Array()  # ascending
var _sizes := PackedInt32Array()  # bytes; 0 when it is no longer under way
var _lanes := PackedInt32Array()  # key of the lane of its messages
var _sequences := PackedInt64Array()  # of the first of them
var _counts := PackedInt32Array()  # how many; 0 when _pieces has what it carries
var _sent_at := PackedFloat64Array()  # clock seconds
var _delivered := PackedInt64Array()  # from here on what DeliveryRate knew when it was sent
var _delivered_at := PackedFloat64Array()
var _first_sent_at := PackedFloat64Array()
var _is_app_limited := PackedByteArray()
var _pieces: Dictionary[int, Array] = {}  # Array[Piece] by number
var _declared_lost: Dictionary[int, LostDatagram] = {}
var _times := PackedFloat64Array()  # by number, in a ring
var _timed_until := 0  # number after the newest in the ring
var _reorder_threshold := Constants.REORDER_THRESHOLD
var _time_threshold := Constants.TIME_THRESHOLD


## Tells [param outgoing] what has arrived and what has to be sent again, [param rate] how much was
## delivered.
func _init(outgoing: Outgoing, rate: DeliveryRate) -> void:
	_outgoing = outgoing
	_rate = rate
	_times.resize(_TIMED)


## Remembers when a datagram was sent that carries nothing that must arrive.
func note_time(number: int, now: float) -> void:
	_times[number % _TIMED] = now
	_timed_until = number + 1


## Returns when the datagram with a number was sent, clock seconds; -1 when that was long ago.
func sent_at(number: int) -> float:
	var is_known := number < _timed_until and number >= maxi(0, _timed_until - _TIMED)
	return _times[number % _TIMED] if is_known else -1.0


## Notes that a datagram leaves with [param count] messages of the lane with the key [param lane],
## the first of which has the number [param sequence] there.
func add(number: int, size: int, lane: int, sequence: int, count: int, now: float) -> void:
	if bytes_in_flight == 0:
		_rate.begin(now)
	bytes_in_flight += size
	_times[number % _TIMED] = now
	_timed_until = number + 1
	_numbers.append(number)
	_sizes.append(size)
	_lanes.append(lane)
	_sequences.append(sequence)
	_counts.append(count)
	_sent_at.append(now)
	_delivered.append(_rate.delivered)
	_delivered_at.append(_rate.delivered_at)
	_first_sent_at.append(_rate.first_sent_at)
	_is_app_limited.append(1 if _rate.app_limited_until > _rate.delivered else 0)


## Notes that a datagram leaves with other pieces that must arrive.
func add_pieces(number: int, size: int, pieces: Array[Piece], now: float) -> void:
	_pieces[number] = pieces
	add(number, size, Piece.UNCOUNTED, 0, 0, now)


## Tells whether nothing is under way.
func is_empty() -> bool:
	return bytes_in_flight == 0


## Takes in the acknowledgement in [param decoded], whose largest number is [param largest]; writes
## into [param batch] how many datagrams it newly acknowledges, and what the newest of them tells.
func acknowledge(decoded: FrameDecoder, largest: int, batch: AckedBatch, now: float) -> void:
	largest_acked = maxi(largest_acked, largest)
	batch.acked = 0
	var in_flight := bytes_in_flight
	var newest := _take(decoded.ack_bitmap, largest, batch)
	if newest >= 0:
		batch.rate = _rate.acknowledge(
			in_flight - bytes_in_flight,
			_delivered[newest],
			_delivered_at[newest],
			_first_sent_at[newest],
			_sent_at[newest],
			now
		)
		batch.is_app_limited = _is_app_limited[newest] == 1
		batch.delivered_when_sent = _delivered[newest]
		_compact()
	if _declared_lost:
		_learn_from(decoded, largest)


## Gives up and sends again what counts as lost by now; returns how many datagrams that were.
func detect_losses(rtt: float, now: float) -> int:
	loss_at = INF
	var patience := maxf(_time_threshold * rtt, _GRANULARITY)
	var lost := 0
	for place in range(_front, _numbers.size()):
		var age := largest_acked - _numbers[place]
		if age < 0:
			break
		if not _sizes[place]:
			continue
		if age >= _reorder_threshold or _sent_at[place] + patience <= now:
			_give_up(place)
			lost += 1
		elif loss_at == INF:
			loss_at = _sent_at[place] + patience
	if lost:
		_compact()
	return lost


## Gives up and sends again everything under way: the retransmission timeout has come.
func give_up_all() -> void:
	for place in range(_front, _numbers.size()):
		if _sizes[place]:
			_give_up(place)
	_compact()
	loss_at = INF


## Sends again what the newest datagram under way carries.
func repair_newest() -> void:
	if bytes_in_flight:
		var place := _sizes.size() - 1
		while not _sizes[place]:
			place -= 1
		_outgoing.repair(_pieces_of(place))


## Removes the datagrams of which an acknowledgement newly tells; returns the place of the newest,
## -1 when there is none.
func _take(bitmap: PackedByteArray, largest: int, batch: AckedBatch) -> int:
	var newest := -1
	var reach := 8 * bitmap.size()
	var lane := 0
	var first := 0  # message of those that follow each other
	var until := 0
	for place in range(_front, _numbers.size()):
		var bit := largest - _numbers[place] - 1
		if bit < -1:
			break
		if not _sizes[place] or bit >= reach or bit >= 0 and not bitmap[bit >> 3] >> (bit & 7) & 1:
			continue
		newest = place
		batch.acked += 1
		bytes_in_flight -= _sizes[place]
		_sizes[place] = 0
		var count := _counts[place]
		if not count:
			_outgoing.acknowledge(_pieces_of(place))
			_pieces.erase(_numbers[place])
		elif _sequences[place] == until and _lanes[place] == lane:
			until += count
		else:
			_outgoing.acknowledge_messages(lane, first, until - first)
			lane = _lanes[place]
			first = _sequences[place]
			until = first + count
	_outgoing.acknowledge_messages(lane, first, until - first)
	return newest


func _learn_from(decoded: FrameDecoder, largest: int) -> void:
	for age in 8 * decoded.ack_bitmap.size() + 1:
		if _declared_lost.has(largest - age) and decoded.covers(age):
			_learn(_declared_lost[largest - age])
			_declared_lost.erase(largest - age)


## Waits longer from now on: what was declared lost was only late.
func _learn(datagram: LostDatagram) -> void:
	_outgoing.acknowledge(datagram.pieces)
	var overtaken := datagram.overtaken_by - datagram.number
	_time_threshold = minf(_time_threshold * 1.25, _MAX_TIME_THRESHOLD)
	var threshold := maxi(_reorder_threshold, overtaken + 1)
	_reorder_threshold = mini(threshold, _MAX_REORDER_THRESHOLD)


func _give_up(place: int) -> void:
	var number := _numbers[place]
	var pieces := _pieces_of(place)
	_pieces.erase(number)
	bytes_in_flight -= _sizes[place]
	_sizes[place] = 0
	_outgoing.repair(pieces)
	_declared_lost[number] = LostDatagram.new(number, pieces, largest_acked)
	if _declared_lost.size() > _REMEMBERED:
		for oldest in _declared_lost:
			_declared_lost.erase(oldest)
			break


## Returns what a datagram carries, in a form that can be sent again.
func _pieces_of(place: int) -> Array[Piece]:
	var number := _numbers[place]
	if _counts[place]:
		_pieces[number] = _outgoing.pieces_of(_lanes[place], _sequences[place], _counts[place])
		_counts[place] = 0
	return _pieces[number]


## Forgets what is at the front and no longer under way.
func _compact() -> void:
	while _front < _sizes.size() and not _sizes[_front]:
		_front += 1
	if _front < _COMPACT_AT:
		return
	_numbers = _numbers.slice(_front)
	_sizes = _sizes.slice(_front)
	_lanes = _lanes.slice(_front)
	_sequences = _sequences.slice(_front)
	_counts = _counts.slice(_front)
	_sent_at = _sent_at.slice(_front)
	_delivered = _delivered.slice(_front)
	_delivered_at = _delivered_at.slice(_front)
	_first_sent_at = _first_sent_at.slice(_front)
	_is_app_limited = _is_app_limited.slice(_front)
	_front = 0
