extends RefCounted
## Round-trip time, smoothed as in RFC 6298 section 2.3; all in seconds.

const _ALPHA := 1.0 / 8.0
const _BETA := 1.0 / 4.0

var latest := -1.0  ## Newest sample; below 0 before the first.
var smoothed := -1.0  ## SRTT; below 0 before the first sample.
var variation := 0.0  ## RTTVAR, used as jitter.


## Begins anew.
func forget() -> void:
	latest = -1.0
	smoothed = -1.0
	variation = 0.0


## Takes in a sample of 0 seconds or more.
func add(sample: float) -> void:
	latest = sample
	if smoothed < 0.0:
		smoothed = sample
		variation = sample / 2.0
		return
	variation += _BETA * (absf(smoothed - sample) - variation)
	smoothed += _ALPHA * (sample - smoothed)
