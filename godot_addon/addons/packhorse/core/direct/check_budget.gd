extends RefCounted
## How many checks go to addresses that are not proven: those of all peers together, because whom a
## peer names may be its victim.
##
## Source: protocol_spec/SPEC.md section 18.4.

const Constants := preload("../../wire/constants.gd")

var _conforms_at := 0.0  # GCRA: when the next check would conform without a burst


## Returns when the next check may go out, clock seconds.
func ready_at() -> float:
	return _conforms_at - float(Constants.CHECK_BURST - 1) / Constants.CHECK_RATE


## Counts a check; false when it has to wait.
func take(now: float) -> bool:
	if now < ready_at():
		return false
	_conforms_at = maxf(_conforms_at, now) + 1.0 / Constants.CHECK_RATE
	return true
