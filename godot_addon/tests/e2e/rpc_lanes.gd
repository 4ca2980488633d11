extends Node
## Calls RPCs of every mode on two channels with numbers, and tells which numbers it heard.

## Emitted when as many calls of a peer came in a lane as it makes, and when one more comes.
signal lane_heard(peer: int, lane: StringName, numbers: Array)

const TIMES := 40  # calls in each lane to each target
const LANES: Array[StringName] = [
	&"unreliable_0",
	&"unreliable_7",
	&"ordered_0",
	&"ordered_7",
	&"reliable_0",
	&"reliable_7",
]

var _targets: Array[int] = []
var _next := 0
var _heard: Dictionary[String, Array] = {}  # numbers by peer and lane


func _ready() -> void:
	set_process(false)


func _process(_delta: float) -> void:
	for target in _targets:
		for lane in LANES:
			rpc_id(target, lane, _next)
	_next += 1
	set_process(_next < TIMES)


## Calls [param targets] with one number each frame; 0 is everybody.
func call_up(targets: Array[int]) -> void:
	_targets = targets
	set_process(true)


@rpc("any_peer", "call_remote", "unreliable", 0)
func unreliable_0(number: int) -> void:
	_hear(&"unreliable_0", number)


@rpc("any_peer", "call_remote", "unreliable", 7)
func unreliable_7(number: int) -> void:
	_hear(&"unreliable_7", number)


@rpc("any_peer", "call_remote", "unreliable_ordered", 0)
func ordered_0(number: int) -> void:
	_hear(&"ordered_0", number)


@rpc("any_peer", "call_remote", "unreliable_ordered", 7)
func ordered_7(number: int) -> void:
	_hear(&"ordered_7", number)


@rpc("any_peer", "call_remote", "reliable", 0)
func reliable_0(number: int) -> void:
	_hear(&"reliable_0", number)


@rpc("any_peer", "call_remote", "reliable", 7)
func reliable_7(number: int) -> void:
	_hear(&"reliable_7", number)


func _hear(lane: StringName, number: int) -> void:
	var peer := multiplayer.get_remote_sender_id()
	var numbers: Array = _heard.get_or_add("%d %s" % [peer, lane], [])
	numbers.append(number)
	if numbers.size() >= TIMES:
		lane_heard.emit(peer, lane, numbers)
