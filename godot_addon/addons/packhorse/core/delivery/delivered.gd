extends RefCounted
## Messages as the delivery layer hands them on, in order.

const Constants := preload("../../wire/constants.gd")

var data: Array[PackedByteArray] = []
var modes: PackedInt32Array = []
var channels: PackedInt32Array = []
var reliable := 0  ## How many reliable ones were added; who wants to know sets it to 0.


## Adds a message.
func add(message: PackedByteArray, mode: int, channel: int) -> void:
	if mode >= Constants.Mode.RELIABLE:
		reliable += 1
	data.append(message)
	modes.append(mode)
	channels.append(channel)


## Adds those of [param messages] from the place [param from] to before [param until].
func add_run(
	messages: Array[PackedByteArray], from: int, until: int, mode: int, channel: int
) -> void:
	for index in range(from, until):
		add(messages[index], mode, channel)


## Forgets all messages.
func clear() -> void:
	data.clear()
	modes.clear()
	channels.clear()
