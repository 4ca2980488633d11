extends RefCounted
## Spreads datagrams over time.

const _BURST := 0.002  # seconds' worth of datagrams that may always leave at once
const _BURST_BYTES := 9 * 1200  # after which one more may leave, instead, on slower paths,
const _LATE := 0.025  # if they are no more than what is due after so many seconds
const _MISSED := 0.035  # seconds' worth that may leave late: a game polls once a frame

var next_at := 0.0  ## When the next datagram may leave, clock seconds.
var is_holding := false  ## Whether something has been waiting for it; the owner keeps this.


## Notes that [param size] bytes left, at [param rate] bytes a second.
##
## A game polls once a frame: what was due meanwhile may leave, or it would send less than the
## rate, measure that, and slow down further each time.
func count(size: int, rate: float, now: float) -> void:
	var pause := _MISSED if is_holding else maxf(_BURST, minf(_BURST_BYTES / rate, _LATE))
	next_at = maxf(next_at, now - pause) + size / rate
