extends RefCounted
## Serial numbers of 16 bits (RFC 1982), kept as unbounded integers inside.

## Half of the numbers that there are.
const HALF := 1 << 15
const _FULL := 1 << 16


## Returns the integer nearest to [param near] whose lowest 16 bits are [param short].
static func expand(short: int, near: int) -> int:
	var distance := short - near & _FULL - 1
	return near + (distance - _FULL if distance >= HALF else distance)
