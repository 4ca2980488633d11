extends RefCounted
## The pieces of one message that have arrived, and the memory set aside for all of them.

const Frame := preload("../../wire/frame.gd")

var count: int  ## Pieces of the whole message.
var reserved: int  ## Bytes.
var messages: int  ## 1 if it takes memory as a message, too.
var size := 0  ## Bytes that have arrived.

var _pieces: Dictionary[int, PackedByteArray] = {}


func _init(pieces: int, bytes: int, as_messages: int) -> void:
	count = pieces
	reserved = bytes
	messages = as_messages


## Tells whether all pieces are there.
func is_complete() -> bool:
	return _pieces.size() == count


## Tells whether a piece is there already.
func has(part: int) -> bool:
	return _pieces.has(part)


## Takes in a piece that is not there yet.
func add(frame: Frame) -> void:
	_pieces[frame.part] = frame.payload
	size += frame.payload.size()


## Returns the message.
func join() -> PackedByteArray:
	var message := PackedByteArray()
	for part in count:
		message.append_array(_pieces[part])
	return message
