extends RefCounted
## How much the receiver has room for (flow control), in both directions.
##
## A reliable message counts its payload and MESSAGE_COST.
## Source: protocol_spec/SPEC.md section 16.12. All sizes are bytes since the beginning.

const Constants := preload("../../wire/constants.gd")
const Piece := preload("piece.gd")

const _KIB_BITS := 10
const _STEP := Constants.RECEIVE_WINDOW >> 3  # consumed bytes after which the sender is told

## Bytes that the peer has room for.
var left := Constants.RECEIVE_WINDOW
## Bytes that may arrive from the peer: what was granted, less each piece and each message once.
var room := Constants.RECEIVE_WINDOW

var _granted := Constants.RECEIVE_WINDOW  # by the peer
var _consumed := 0
var _told := 0


## Tells whether [param size] bytes that have not arrived before are within what was granted.
func may_arrive(size: int) -> bool:
	return size <= room


## Notes that [param size] bytes have arrived for the first time.
func arrive(size: int) -> void:
	room -= size


## Takes in a CREDIT frame; an older one changes nothing.
func grant(kibibytes: int) -> void:
	var more := maxi(0, (kibibytes << _KIB_BITS) - _granted)
	_granted += more
	left += more


## Notes that the application took [param messages] with [param size] bytes together; returns a
## CREDIT frame when it is time.
func consume(size: int, messages: int) -> Piece:
	_consumed += size + messages * Constants.MESSAGE_COST
	if _consumed - _told < _STEP:
		return null
	var before := _whole_kib(_told + Constants.RECEIVE_WINDOW)
	var granted := _whole_kib(_consumed + Constants.RECEIVE_WINDOW)
	_told = _consumed
	room += granted - before << _KIB_BITS
	return Piece.credit(granted)


static func _whole_kib(size: int) -> int:
	return size >> _KIB_BITS
