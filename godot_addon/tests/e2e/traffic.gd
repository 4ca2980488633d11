extends RefCounted
## Messages of all modes, channels and sizes to one peer, and a check of those that come back;
## tests/support/cross_traffic.py is its other end.
##
## A message is mode, channel, and u32 number in its lane, then the number's lowest byte again and
## again.

const SIZES: Array[int] = [6, 40, 300, 1100, 1194, 1195, 5000, 20_000]  # bytes
const LARGE := 1 << 20  # bytes; of one reliable message
const LARGE_NUMBER := 20
const CHANNELS: Array[int] = [0, 1, 255]
const HEAD := 6  # bytes
const PER_FRAME := 12

var _peer: PackhorseMultiplayerPeer
var _target: int
var _left: Array[PackedByteArray] = []
var _next := 0
var _expected: Dictionary[int, int] = {}  # next number by lane
var _counts: Dictionary[int, int] = {}  # by mode
var _faults: Array[String] = []


## Plans [param count] messages in each lane to [param target].
func _init(peer: PackhorseMultiplayerPeer, target: int, count: int) -> void:
	_peer = peer
	_target = target
	for number in count:
		for mode in 3:
			for channel in CHANNELS:
				_left.append(_message(mode, channel, number))


## Sends some of what is left; call it once a frame.
func send() -> void:
	_peer.set_target_peer(_target)
	for _index in mini(PER_FRAME, _left.size() - _next):
		var message := _left[_next]
		_peer.transfer_mode = message[0] as MultiplayerPeer.TransferMode
		_peer.transfer_channel = message[1]
		var error := _peer.put_packet(message)
		if error == ERR_OUT_OF_MEMORY:
			return
		if error != OK:
			_faults.append("%s for packet %d" % [error_string(error), _next])
		_next += 1


## Tells whether everything was handed over.
func is_sent() -> bool:
	return _next == _left.size()


## Checks a message that has come.
func take(packet: PackedByteArray, mode: int, channel: int) -> void:
	_counts[packet[0]] = _counts.get(packet[0], 0) + 1
	var number := packet.decode_u32(2)
	var lane := packet[0] << 8 | packet[1]
	if mode != mini(packet[0], 2) or channel != packet[1]:
		_faults.append("lane %d came as mode %d, channel %d" % [lane, mode, channel])
	if packet.slice(HEAD).count(number & 0xFF) != packet.size() - HEAD:
		_faults.append("content of %d in lane %d" % [number, lane])
	if packet.size() != _size(packet[0], number):
		_faults.append("size of %d in lane %d" % [number, lane])
	var expected: int = _expected.get(lane, 0)
	if not _is_in_order(packet[0], number, expected):
		_faults.append("%d in lane %d, not %d" % [number, lane, expected])
	_expected[lane] = number + 1


## Returns what has come: how many by mode, and what was wrong.
func report() -> Dictionary:
	var counts := {}
	for mode in _counts:
		counts[str(mode)] = _counts[mode]
	return {"counts": counts, "faults": _faults.slice(0, 10), "sent": is_sent()}


static func _is_in_order(mode: int, number: int, expected: int) -> bool:
	match mode:
		1:
			return number >= expected
		2:
			return number == expected
	return true


static func _message(mode: int, channel: int, number: int) -> PackedByteArray:
	var message := PackedByteArray()
	message.resize(_size(mode, number))
	message.fill(number & 0xFF)
	message[0] = mode
	message[1] = channel
	message.encode_u32(2, number)
	return message


static func _size(mode: int, number: int) -> int:
	return LARGE if mode == 2 and number == LARGE_NUMBER else SIZES[number % SIZES.size()]
