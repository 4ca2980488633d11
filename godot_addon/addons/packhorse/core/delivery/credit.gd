extends RefCounted
## How much the receiver has room for (flow control), in both directions.
##
## A reliable message counts its payload and MESSAGE_COST.
## Source: protocol_spec/SPEC.md section 16.12. All sizes are bytes since the beginning.

const Constants := preload("../../wire/constants.gd")
const Piece := preload("piece.gd")

const _KIB_BITS := 10
const _STEP := Constants.RECEIVE_WINDOW >> 3  # consumed bytes after which the sender is told

var _granted := Constants.RECEIVE_WINDOW  # by the peer
var _spent := 0
var _arrived := 0  # each piece and each message counted once
var _consumed := 0
var _told := 0


## Returns the bytes that the peer has room for.
func left() -> int:
	return _granted - _spent


## Notes that a message of this cost, bytes, was begun.
func spend(size: int) -> void:
	_spent += size


## Tells whether [param size] bytes that have not arrived before are within what was granted.
func may_arrive(size: int) -> bool:
	return _arrived + size <= _whole_kib(_told + Constants.RECEIVE_WINDOW) << _KIB_BITS


## Notes that [param size] bytes have arrived for the first time.
func arrive(size: int) -> void:
	_arrived += size


## Notes as [method arrive], if [method may_arrive]; tells whether it did.
func arrive_next(size: int) -> bool:
	if _arrived + size > _whole_kib(_told + Constants.RECEIVE_WINDOW) << _KIB_BITS:
		return false
	_arrived += size
	return true


## Takes in a CREDIT frame; an older one changes nothing.
func grant(kibibytes: int) -> void:
	_granted = maxi(_granted, kibibytes << _KIB_BITS)


## Notes that the application took a message; returns a CREDIT frame when it is time.
func consume(size: int) -> Piece:
	_consumed += size + Constants.MESSAGE_COST
	if _consumed - _told < _STEP:
		return null
	_told = _consumed
	return Piece.credit(_whole_kib(_consumed + Constants.RECEIVE_WINDOW))


static func _whole_kib(size: int) -> int:
	return size >> _KIB_BITS
