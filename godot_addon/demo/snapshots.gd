extends RefCounted
## Where a remote player was, so that it can be drawn moving evenly whatever the network does.
##
## Snapshots carry the sender's time. What is drawn lies [constant DELAY] behind the quickest
## snapshot of late, between two known places; jitter below that delay cannot be seen.

## Seconds by which drawing lags behind; three snapshots at 30 per second.
const DELAY := 0.1

const _MAX_AHEAD := 0.15  # seconds to go on in a straight line when nothing comes
const _MAX_KEPT := 32  # count; one second
const _SLACK := 0.002  # seconds that the quickest way may grow by, each snapshot
const _JUMP := 200.0  # pixels; farther apart is not a movement but another place

var _times: Array[float] = []  # of the sender, ascending
var _places: Array[Vector2] = []
var _velocities: Array[Vector2] = []
var _offset := INF  # receiver's clock minus sender's, by the quickest way


## Takes what came at [param now]: the sender was at [param place] at its time [param sent_at].
##
## What is older than the newest is left out: it came late, or twice.
func add(sent_at: float, place: Vector2, velocity: Vector2, now: float) -> void:
	if not is_finite(sent_at) or not place.is_finite() or not velocity.is_finite():
		return
	if _times and sent_at <= _times[-1]:
		return
	_offset = minf(_offset + _SLACK, now - sent_at)
	if _places and place.distance_to(_places[-1]) > _JUMP:
		_forget()
	_times.append(sent_at)
	_places.append(place)
	_velocities.append(velocity)
	if _times.size() > _MAX_KEPT:
		_drop_first()


## Tells whether anything has come.
func is_empty() -> bool:
	return _times.is_empty()


## Returns where to draw the player at [param now]; there must be a snapshot.
func place_at(now: float) -> Vector2:
	var time := now - _offset - DELAY
	while _times.size() > 2 and _times[1] <= time:
		_drop_first()
	if _times.size() == 1 or time <= _times[0]:
		return _places[0]
	if time >= _times[1]:
		return _places[1] + _velocities[1] * minf(time - _times[1], _MAX_AHEAD)
	return _places[0].lerp(_places[1], inverse_lerp(_times[0], _times[1], time))


func _forget() -> void:
	_times.clear()
	_places.clear()
	_velocities.clear()


func _drop_first() -> void:
	_times.remove_at(0)
	_places.remove_at(0)
	_velocities.remove_at(0)
