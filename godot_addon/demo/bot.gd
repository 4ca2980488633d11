extends RefCounted
## Plays by itself: heads for a near parcel, and now and then dashes.

const _WANDER := 0.35  # how much a bot sways; 0 is straight
const _DASH_CHANCE := 0.006  # each physics frame

var _phase := randf() * TAU
var _tastes := randf_range(0.6, 1.6)  # so that bots do not all go for the same parcel


## Returns where to go from [param place], at most 1 long; [param parcels] are where those are.
## Without any, it stands still.
func wish(place: Vector2, parcels: Array[Vector2], now: float) -> Vector2:
	var best := Vector2.ZERO
	var best_cost := INF
	for index in parcels.size():
		var cost := place.distance_to(parcels[index]) * (1.0 + _tastes * (index % 3) * 0.3)
		if cost < best_cost:
			best_cost = cost
			best = parcels[index]
	if best_cost == INF:
		return Vector2.ZERO
	return place.direction_to(best).rotated(sin(now * 3.0 + _phase) * _WANDER)


## Tells whether to dash now.
func wants_dash() -> bool:
	return randf() < _DASH_CHANCE
