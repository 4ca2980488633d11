extends RefCounted
## Puts frames behind each other into one datagram; only the last message frame goes without a
## length.

const Frames := preload("../../wire/frames.gd")
const Piece := preload("piece.gd")

const SMALLEST_ROOM := 24  ## Bytes; less is not worth looking for a piece that fits.

var _buffer: PackedByteArray
var _room: int  # bytes
var _last: Piece = null


## Starts behind what [param buffer] holds; [param bytes] more may follow.
func start(buffer: PackedByteArray, bytes: int) -> void:
	_buffer = buffer
	_room = bytes
	_last = null


## Returns how many bytes the next frame may have; below 0 when it is not worth looking for one.
func room() -> int:
	if _last != null and _room < SMALLEST_ROOM:
		return -1
	return _room - Frames.LENGTH_SIZE


## Tells whether no frame was put in yet.
func is_empty() -> bool:
	return _last == null


## Puts a frame behind those before; returns [method room].
func add(piece: Piece) -> int:
	if _last != null:
		_last.append_to(_buffer, false)
	_last = piece
	_room -= piece.size + Frames.LENGTH_SIZE
	return -1 if _room < SMALLEST_ROOM else _room - Frames.LENGTH_SIZE


## Completes the datagram.
func finish() -> void:
	if _last != null:
		_last.append_to(_buffer, true)
		_last = null
