extends RefCounted
## Bytes of unfinished and unordered messages: a cap for each peer within one for all.

const Self := preload("memory_budget.gd")

var used := 0

var _limit: int
var _whole: Self


func _init(limit: int, whole: Self = null) -> void:
	_limit = limit
	_whole = whole


## Takes [param size] bytes; false when they are not there.
func acquire(size: int) -> bool:
	if used + size > _limit:
		return false
	if _whole != null and not _whole.acquire(size):
		return false
	used += size
	return true


## Gives back [param size] bytes.
func release(size: int) -> void:
	used -= size
	if _whole != null:
		_whole.release(size)
