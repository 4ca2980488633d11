extends Node
## Says numbers to all other peers, reliably, and checks that of theirs none is lost or doubled.

const _INTERVAL := 0.05  # seconds

var is_speaking := false

var _said := 0
var _left := 0.0  # seconds until the next number
var _next: Dictionary[int, int] = {}  # by peer
var _faults: Array[String] = []


func _process(delta: float) -> void:
	_left -= delta
	if not is_speaking or _left > 0.0:
		return
	_left = _INTERVAL
	if rpc(&"take", _said) == OK:
		_said += 1


@rpc("any_peer", "call_remote", "reliable")
func take(number: int) -> void:
	var peer := multiplayer.get_remote_sender_id()
	var expected: int = _next.get(peer, 0)
	if number != expected:
		_faults.append("%d of peer %d, not %d" % [number, peer, expected])
	_next[peer] = number + 1


## Returns how many numbers were said, how many came by peer, and what was wrong.
func report() -> Dictionary:
	var heard := {}
	for peer in _next:
		heard[str(peer)] = _next[peer]
	return {"said": _said, "heard": heard, "faults": _faults.slice(0, 10)}
