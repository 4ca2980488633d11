extends RefCounted
## When to send one request again, and when to give up.
##
## Source: protocol_spec/SPEC.md section 5.

const Constants := preload("../wire/constants.gd")

## How often a request is sent in all.
static var max_sends := Constants.RETRANSMISSION.size() + 1

var deadline: float  ## When to send next, or to give up after the last send; clock seconds.
var sends := 0  ## How often the request was sent.


func _init(now: float) -> void:
	deadline = now


## Returns the seconds from the first send to giving up.
static func give_up_after() -> float:
	var seconds: float = Constants.RETRANSMISSION[-1]
	for interval in Constants.RETRANSMISSION:
		seconds += interval
	return seconds


## Tells whether the deadline is that of giving up.
func is_exhausted() -> bool:
	return sends == max_sends


## Tells whether the deadline has passed.
func is_due(now: float) -> bool:
	return now >= deadline


## Notes that the request was sent; sets the next deadline.
func count_send(now: float) -> void:
	deadline = now + Constants.RETRANSMISSION[mini(sends, Constants.RETRANSMISSION.size() - 1)]
	sends += 1
