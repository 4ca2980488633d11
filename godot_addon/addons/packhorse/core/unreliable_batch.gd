extends RefCounted
## Unreliable packets that the game sends in one frame: they wait for its end and leave in as few
## datagrams as can be.
##
## The same bytes to several peers become one packet for all of them, and small packets to one
## destination are joined; what is alone and has no lane stays as it is. A lane is that of
## Piece.lane_key(): mode and channel; 0 for UNRELIABLE on channel 0.
## Source: protocol_spec/SPEC.md section 16.2.

const Constants := preload("../wire/constants.gd")
const Fanout := preload("fanout.gd")
const Frames := preload("../wire/frames.gd")
const Mail := preload("mail.gd")

var _mail: Mail = null
var _fanout := Fanout.new()
var _packets: Array[PackedByteArray] = []
var _destinations: PackedInt32Array = []  # 0 all others, n peer n, -n all others but n
var _lanes: PackedInt32Array = []
var _datagrams: Array[PackedByteArray] = []
var _now: float  # clock seconds


## Starts with the messages of a session; forgets what waits.
func start(mail: Mail) -> void:
	_mail = mail
	_fanout = Fanout.new()
	_packets.clear()
	_destinations.clear()
	_lanes.clear()


## Takes a packet.
func put_unreliable(packet: PackedByteArray, destination: int, lane: int) -> void:
	_packets.append(packet)
	_destinations.append(destination)
	_lanes.append(lane)


## Takes out what waits, as datagrams for the relay; [param others] are all other peers that can be
## addressed. What cannot leave at once is queued in the delivery layer.
func take_unreliable(others: PackedInt32Array, now: float) -> Array[PackedByteArray]:
	_now = now
	if others.size() > 1:
		_fanout.merge(_packets, _destinations, _lanes, others)
	if _mail.unknown_peer:
		for place in _destinations.size():
			_destinations[place] = _mail.narrowed(_destinations[place])
	var count := _packets.size()
	if count == 1:
		_send(0, PackedByteArray())
	elif _destinations.count(_destinations[0]) == count:
		_join(range(count))
	else:
		_join_by_destination()
	_packets.clear()
	_destinations.clear()
	_lanes.clear()
	var datagrams := _datagrams
	_datagrams = []
	return _mail.to_relay(datagrams, now) if _mail.is_watching else datagrams


## As [method take_unreliable], of the first [param count] packets; the others wait.
func take_first(count: int, others: PackedInt32Array, now: float) -> Array[PackedByteArray]:
	var packets := _packets.slice(count)
	var destinations := _destinations.slice(count)
	var lanes := _lanes.slice(count)
	_packets.resize(count)
	_destinations.resize(count)
	_lanes.resize(count)
	var datagrams := take_unreliable(others, now)
	_packets = packets
	_destinations = destinations
	_lanes = lanes
	return datagrams


## Returns how many of the first packets have [param size] bytes together, the last one beyond.
func count_within(size: int) -> int:
	var count := 0
	while size > 0 and count < _packets.size():
		size -= _packets[count].size()
		count += 1
	return count


func _join_by_destination() -> void:
	var places: Dictionary[int, Array] = {}
	for place in _destinations.size():
		var destination := _destinations[place]
		if not places.has(destination):
			places[destination] = []
		places[destination].append(place)
	for destination in places:
		_join(places[destination])


## Sends packets to one destination, joined as long as they fit.
func _join(places: Array) -> void:
	var first: int = places[0]
	var frames := PackedByteArray()
	var left := -1  # bytes
	for place: int in places:
		var head := Frames.WHOLE_SIZE if _lanes[place] else Frames.PLAIN_SIZE
		var size := head + _packets[place].size()
		if size <= left:
			if not frames:
				_append(frames, first)
			_append(frames, place)
			left -= size
			continue
		if place != first:
			_send(first, frames)
		first = place
		frames = PackedByteArray()
		left = _mail.largest_piece - size
	_send(first, frames)


## Sends a packet, or the frames that it is the first of.
func _send(place: int, frames: PackedByteArray) -> void:
	var packet := _packets[place]
	var to := _destinations[place]
	var lane := _lanes[place]
	var datagram: PackedByteArray
	if frames:
		datagram = _mail.hub.lone_datagram(frames, to, _now)
	elif not lane:
		datagram = _mail.plain_datagram(packet, to)
	elif packet.size() + Frames.WHOLE_SIZE <= _mail.largest_piece:
		datagram = _framed(packet, to, lane)
	if datagram:
		_datagrams.append(datagram)
	elif frames:
		_mail.push_frames(frames, to, _now)
	else:
		_mail.push(packet, to, lane >> 8, lane & 0xFF, _now)


## Returns a packet as the only frame of a datagram; empty when that cannot leave at once.
func _framed(packet: PackedByteArray, to: int, lane: int) -> PackedByteArray:
	var frame := PackedByteArray()
	var sequences := _mail.hub.sequences(to, _now)
	var sequence: int = sequences.get(lane, 0)
	Frames.append_whole(frame, packet, lane, sequence, true)
	var datagram := _mail.hub.lone_datagram(frame, to, _now)
	if datagram and lane >> 8 != Constants.Mode.UNRELIABLE:
		sequences[lane] = sequence + 1
	return datagram


func _append(frames: PackedByteArray, place: int) -> void:
	var lane := _lanes[place]
	if not lane:
		Frames.append_plain(frames, _packets[place])
		return
	var sequence := 0
	if lane >> 8 != Constants.Mode.UNRELIABLE:
		var sequences := _mail.hub.sequences(_destinations[place], _now)
		sequence = sequences.get(lane, 0)
		sequences[lane] = sequence + 1
	Frames.append_whole(frames, _packets[place], lane, sequence)
