extends RefCounted
## Messages as the delivery layer hands them on, in order.

var data: Array[PackedByteArray] = []
var modes: PackedInt32Array = []
var channels: PackedInt32Array = []


## Adds a message.
func add(message: PackedByteArray, mode: int, channel: int) -> void:
	data.append(message)
	modes.append(mode)
	channels.append(channel)


## Forgets all messages.
func clear() -> void:
	data.clear()
	modes.clear()
	channels.clear()
