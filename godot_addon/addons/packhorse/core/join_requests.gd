extends RefCounted
## Remembers which requests to join were told; the relay repeats them while they wait.

const _REMEMBERED := 64  # requests; more than can wait at once

var _told: Array[int] = []


## Tells whether [param request] is heard of for the first time.
func is_new(request: int) -> bool:
	if request in _told:
		return false
	_told.append(request)
	if _told.size() > _REMEMBERED:
		_told.remove_at(0)
	return true
