extends RefCounted
## The largest of the values of the newest rounds.

var value := 0.0  ## The maximum; 0 when there is none.

var _length: int
var _rounds: Array[int] = []  # ascending
var _values: Array[float] = []  # descending


## Remembers [param length] rounds.
func _init(length: int) -> void:
	_length = length


## Takes in a value and forgets those of old rounds.
func add(new_value: float, at_round: int) -> void:
	while _values and _values[-1] <= new_value:
		_values.pop_back()
		_rounds.pop_back()
	_values.append(new_value)
	_rounds.append(at_round)
	while _rounds[0] <= at_round - _length:
		_values.pop_front()
		_rounds.pop_front()
	value = _values[0]
