extends RefCounted
## When a datagram of nothing but unreliable frames asks for an acknowledgement: now and then, so
## that the RTT is known and numbers keep their meaning.
##
## Source: protocol_spec/SPEC.md sections 16.3 and 16.9.

const Constants := preload("../../wire/constants.gd")

# Numbers; SPEC.md section 16.3 allows ASK_NUMBERS more.
const _FARTHEST := (1 << 15) - Constants.ASK_NUMBERS

## When the next datagram asks at the latest, clock seconds.
var due_at: float

var _next_number := 0


func _init(now: float) -> void:
	due_at = now + Constants.ASK_INTERVAL


## Tells whether a number is so near to the largest acknowledged one, -1 for none, that it is not
## taken for one of the past.
static func may_go_on(number: int, largest_acked: int) -> bool:
	return number - largest_acked <= _FARTHEST


## Tells whether the datagram with this number asks.
func is_due(number: int, now: float) -> bool:
	return now >= due_at or number - _next_number >= Constants.ASK_NUMBERS


## Notes that the datagram with this number asks.
func note(number: int, now: float) -> void:
	due_at = now + Constants.ASK_INTERVAL
	_next_number = number + 1
