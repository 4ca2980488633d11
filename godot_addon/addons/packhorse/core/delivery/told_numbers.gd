extends RefCounted
## An acknowledgement whose delay is not known yet.

var largest: int
var largest_at: float  ## Clock seconds.
var bitmap: PackedInt64Array  ## 32 bits in each, as the codec wants them.
