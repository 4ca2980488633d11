extends RefCounted
## Messages as the delivery layer hands them on, in order.

const Constants := preload("../../wire/constants.gd")

const RELIABLE_LANE := Constants.Mode.RELIABLE << 8  ## The first lane of a reliable mode.

var data: Array[PackedByteArray] = []
var lanes: PackedInt64Array = []  ## Of each message, as Piece.lane_key() makes them.
var reliable := 0  ## How many reliable ones were added; who wants to know sets it to 0.


## Adds a message of [param lane].
func add(message: PackedByteArray, lane: int) -> void:
	if lane >= RELIABLE_LANE:
		reliable += 1
	data.append(message)
	lanes.append(lane)


## Adds those of [param messages] from the place [param from] to before [param until].
func add_run(messages: Array[PackedByteArray], from: int, until: int, lane: int) -> void:
	for index in range(from, until):
		add(messages[index], lane)


## Forgets all messages.
func clear() -> void:
	data.clear()
	lanes.clear()
