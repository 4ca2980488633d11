extends RefCounted
## Whom a host has removed: a relay that was restarted has to be told again, once in each epoch.

const _MAX_KICKS := 64  # as many as a room keeps bans

var _kicked: Dictionary[int, bool] = {}  # id to whether it is banned too, oldest first
var _is_told := true
var _own_requests: Dictionary[int, bool] = {}


## Remembers a kick; the oldest gives way.
func add(peer: int, ban: bool) -> void:
	_kicked.erase(peer)
	_kicked[peer] = ban
	if _kicked.size() > _MAX_KICKS:
		_kicked.erase(_kicked.keys()[0])


## Notes that the relay may have forgotten all of them.
func begin_epoch() -> void:
	_is_told = false


## Returns id to whether it is banned, of those that the relay has to be told again; once.
func take_untold() -> Dictionary[int, bool]:
	var untold: Dictionary[int, bool] = {}
	if not _is_told:
		untold = _kicked
	_is_told = true
	return untold


## Remembers that a request was not the application's.
func note_request(sequence: int) -> void:
	_own_requests[sequence] = true


## Forgets a request that has ended; true when it was not the application's.
func end_request(sequence: int) -> bool:
	return _own_requests.erase(sequence)
