extends RefCounted
## What unfinished and early messages of one peer may take: two accounts, so that large messages
## still come through when tiny ones use theirs up.

const Constants := preload("../../wire/constants.gd")
const MemoryBudget := preload("memory_budget.gd")

var _is_reliable: bool
var _payload: MemoryBudget
var _messages: MemoryBudget


## Starts with nothing taken of [param whole], which is that of all peers; with
## [param is_reliable], unreliable messages give way.
func _init(whole: MemoryBudget, is_reliable: bool) -> void:
	_is_reliable = is_reliable
	_payload = MemoryBudget.new(Constants.RECEIVE_WINDOW, whole)
	_messages = MemoryBudget.new(Constants.RECEIVE_WINDOW, whole)


## Takes memory for [param size] bytes of payload and so many messages, or nothing and returns
## false.
func acquire(size: int, messages := 0) -> bool:
	var cost := messages * Constants.MESSAGE_COST
	if not _messages.acquire(cost, _is_reliable):
		return false
	if _payload.acquire(size, _is_reliable):
		return true
	_messages.release(cost)
	return false


## Gives memory back.
func release(size: int, messages := 0) -> void:
	_payload.release(size)
	_messages.release(messages * Constants.MESSAGE_COST)


## Offers what unreliable messages have taken, under a key of its own.
func offer(key: RefCounted, give_up: Callable) -> void:
	_payload.offer(key, give_up)


## Takes an offer back; harmless when there is none.
func withdraw(key: RefCounted) -> void:
	_payload.withdraw(key)
