extends RefCounted
## The latest values of one figure, oldest first, as a graph shows them.

var values := PackedFloat32Array()

var _capacity: int


## Keeps at most [param capacity] values.
func _init(capacity: int) -> void:
	_capacity = capacity


## Adds the newest value; the oldest gives way when there are too many.
func add(value: float) -> void:
	values.append(value)
	if values.size() > _capacity:
		values.remove_at(0)


## Returns the newest value; 0 when there is none.
func latest() -> float:
	return values[-1] if values else 0.0


## Returns the largest value; 0 when there is none above.
func largest() -> float:
	var most := 0.0
	for value in values:
		most = maxf(most, value)
	return most
