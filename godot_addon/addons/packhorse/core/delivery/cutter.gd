extends RefCounted
## A message that is cut into frames, one at a time, as they are taken.

const Constants := preload("../../wire/constants.gd")
const Frames := preload("../../wire/frames.gd")
const Piece := preload("piece.gd")

const _PIECE_HEAD := 8  # bytes before the payload of a piece, at most

var parts: int  ## How many pieces the message has.

var _data: PackedByteArray
var _kind: int
var _channel: int
var _sequence: int
var _largest: int
var _lane: int
var _next := 0


## Cuts [param data] into pieces of at most [param largest] bytes; [param lane] is Piece.UNCOUNTED
## or the key of the reliable lane that counts them.
func _init(
	data: PackedByteArray, mode: int, channel: int, sequence: int, largest: int, lane: int
) -> void:
	parts = count_parts(data.size(), largest)
	_data = data
	_kind = Frames.kind_of(mode, channel, parts)
	_channel = channel
	_sequence = sequence
	_largest = largest
	_lane = lane


## Returns into how many pieces [param size] bytes are cut.
static func count_parts(size: int, largest: int) -> int:
	return maxi(1, ceili(float(size) / largest))


## Returns the bytes of payload in one piece, so that it fits beside a usual acknowledgement.
static func largest_piece(max_payload: int) -> int:
	var ack := Frames.ACK_SIZE + (Constants.ACK_REACH >> 3)
	var overhead := Frames.NUMBER_SIZE + ack + _PIECE_HEAD + Frames.LENGTH_SIZE
	return mini(Constants.FRAGMENT_SIZE, max_payload - overhead)


## Returns the one piece of a message that fits.
static func whole(
	data: PackedByteArray, mode: int, channel: int, sequence: int, lane: int
) -> Piece:
	return Piece.new(Frames.kind_of(mode, channel, 1), data, channel, sequence, lane)


## Tells whether there are further pieces.
func has_more() -> bool:
	return _next < parts


## Returns how many bytes the next piece has in a datagram, without a length.
func next_size() -> int:
	return mini(_largest, _data.size() - _next * _largest) + Frames.head_size(_kind)


## Returns the next piece.
func take() -> Piece:
	var payload := _data.slice(_next * _largest, (_next + 1) * _largest)
	var piece := Piece.new(_kind, payload, _channel, _sequence, _lane)
	piece.part = _next
	piece.parts = parts
	_next += 1
	return piece
