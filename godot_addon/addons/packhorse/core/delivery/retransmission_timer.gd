extends RefCounted
## When silence means loss: probe timeout, retransmission timeout, back-off.
##
## The first expiry asks for a probe of the tail, each further one for everything again.
## Source: protocol_spec/SPEC.md section 16.11. All times are seconds.

const Constants := preload("../../wire/constants.gd")
const Rtt := preload("../rtt.gd")

const _GRANULARITY := 0.001
const _MAX_DOUBLINGS := 16  # far beyond RTO_MAX; a peer may be lost for hours

var _rtt: Rtt
var _expiries := 0
var _started_at := INF  # INF while it does not run


func _init(rtt: Rtt) -> void:
	_rtt = rtt


## Returns when the timer expires; INF while it does not run.
func deadline() -> float:
	if _started_at == INF:
		return INF
	var timeout := Constants.RTO_INITIAL
	if _rtt.smoothed >= 0.0:
		var variation := maxf(4.0 * _rtt.variation, _GRANULARITY)
		timeout = _rtt.smoothed + variation + Constants.ACK_DELAY
		timeout = clampf(timeout, Constants.RTO_MIN, Constants.RTO_MAX)
	return _started_at + minf(timeout * (1 << _expiries), Constants.RTO_MAX)


## Runs from now: something that wants an answer was sent.
func restart(now: float) -> void:
	_started_at = now


## Forgets the back-off: an acknowledgement came.
func answer(is_all_answered: bool, now: float) -> void:
	_expiries = 0
	_started_at = INF if is_all_answered else now


## Notes an expiry; false for the first (probe), true for a further one (all is lost).
func expire(now: float) -> bool:
	_expiries = mini(_expiries + 1, _MAX_DOUBLINGS)
	_started_at = now
	return _expiries > 1
