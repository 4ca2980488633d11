extends RefCounted
## Remembers which of the newest 64 sequence numbers of a direction were seen.
##
## Source: protocol_spec/SPEC.md section 6.

const Constants := preload("constants.gd")

var _newest := 0
var _seen := 0  # bit n: number newest - n was seen; the 64 bits of an int are just enough


## Tells whether [param sequence] (1..2^32-1) is neither seen nor too old.
func accepts(sequence: int) -> bool:
	if sequence > _newest:
		return true
	var age := _newest - sequence
	return age < Constants.REPLAY_WINDOW and _seen & (1 << age) == 0


## Remembers that [param sequence], which is acceptable, was seen.
func mark(sequence: int) -> void:
	if sequence <= _newest:
		_seen |= 1 << (_newest - sequence)
		return
	var shift := sequence - _newest
	_seen = 1 if shift >= Constants.REPLAY_WINDOW else _seen << shift | 1
	_newest = sequence
