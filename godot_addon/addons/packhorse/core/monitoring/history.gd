extends RefCounted
## What the statistics of a session, or of the way to one peer, were in the last while.

const RateMeter := preload("rate_meter.gd")
const Series := preload("series.gd")

## The newest statistics, as [method PackhorseMultiplayerPeer.get_statistics] has them.
var statistics: Dictionary[StringName, float] = {}
var rtt: Series  ## Seconds; 0 where unknown.
var sent: Series  ## Bytes a second, headers of UDP and IP included.
var received: Series  ## As [member sent].

var _sent_meter := RateMeter.new(0.0)
var _received_meter := RateMeter.new(0.0)
var _added_at := -INF  # clock seconds


## Keeps at most [param capacity] values.
func _init(capacity: int) -> void:
	rtt = Series.new(capacity)
	sent = Series.new(capacity)
	received = Series.new(capacity)


## Adds the statistics of [param now], clock seconds; nothing when time has not gone on.
func add(newest: Dictionary[StringName, float], now: float) -> void:
	if now <= _added_at:
		return
	_added_at = now
	statistics = newest
	rtt.add(maxf(0.0, value(&"rtt")))
	sent.add(_sent_meter.add(value(&"wire_bytes_sent"), now))
	received.add(_received_meter.add(value(&"wire_bytes_received"), now))


## Returns one of the newest statistics; 0 where it is not there.
func value(key: StringName) -> float:
	return statistics.get(key, 0.0)


## Returns the newest round-trip time in seconds; -1 where it is unknown.
func latest_rtt() -> float:
	return statistics.get(&"rtt", -1.0)
