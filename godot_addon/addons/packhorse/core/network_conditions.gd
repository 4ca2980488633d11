extends RefCounted
## How a simulated network behaves; may be changed while it is in use.

var latency := 0.0  ## Seconds that each datagram waits, one way.
var jitter := 0.0  ## Seconds at most on top of that.
var loss := 0.0  ## Fraction that never arrives, 0..1.


## Tells whether anything is worse than without the simulation.
func is_any() -> bool:
	return latency > 0.0 or jitter > 0.0 or loss > 0.0
