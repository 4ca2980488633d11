extends RefCounted
## Bytes, perhaps within a larger budget; what is offered in it gives way to what must stay.

const Self := preload("memory_budget.gd")

var used := 0

var _limit: int
var _whole: Self
var _offers: Dictionary[RefCounted, Callable] = {}  # oldest first


func _init(limit: int, whole: Self = null) -> void:
	_limit = limit
	_whole = whole


## Takes [param size] bytes; false when they are not there. If it [param displaces], what was
## offered gives way.
func acquire(size: int, displaces := false) -> bool:
	if displaces and used + size > _limit:
		_make_place(size)
	if used + size > _limit:
		return false
	if _whole != null and not _whole.acquire(size, displaces):
		return false
	used += size
	return true


## Gives back [param size] bytes.
func release(size: int) -> void:
	used -= size
	if _whole != null:
		_whole.release(size)


## Says how to get memory back when all is used up; [param give_up] withdraws the offer.
func offer(key: RefCounted, give_up: Callable) -> void:
	if _whole == null:
		_offers[key] = give_up
	else:
		_whole.offer(key, give_up)


## Takes an offer back; harmless when there is none.
func withdraw(key: RefCounted) -> void:
	if _whole == null:
		_offers.erase(key)
	else:
		_whole.withdraw(key)


func _make_place(size: int) -> void:
	while _offers and used + size > _limit:
		var oldest: RefCounted = _offers.keys()[0]
		_offers[oldest].call()
