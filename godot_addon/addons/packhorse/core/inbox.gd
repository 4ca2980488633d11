extends RefCounted
## Messages that wait for the game.

const Constants := preload("../wire/constants.gd")
const Event := preload("event.gd")

const MAX_PACKETS := 4096  ## Further unreliable ones are refused.

const _COMPACT_AT := 1024  # taken packets at the front that are given back to the system

var _messages: Array[Event] = []
var _next := 0  # pop_front() would move all that follow


## Returns how many messages wait.
func size() -> int:
	return _messages.size() - _next


## Adds a message; false when there is no place.
func push(message: Event) -> bool:
	if size() >= MAX_PACKETS and message.mode < Constants.Mode.RELIABLE:
		return false
	_messages.append(message)
	return true


## Returns the next message; null when there is none.
func next() -> Event:
	return _messages[_next] if _next < _messages.size() else null


## Takes the next message out; null when there is none.
func pop() -> Event:
	var message := next()
	_next += 1
	if _next >= _messages.size():
		clear()
	elif _next >= _COMPACT_AT:
		_messages = _messages.slice(_next)
		_next = 0
	return message


## Drops the messages that came from [param source], and returns them.
func discard(source: int) -> Array[Event]:
	var waiting: Array[Event] = _messages.slice(_next)
	clear()
	var dropped: Array[Event] = []
	for message in waiting:
		if message.peer == source:
			dropped.append(message)
		else:
			_messages.append(message)
	return dropped


## Drops everything.
func clear() -> void:
	_messages.clear()
	_next = 0
