extends RefCounted
## A datagram that goes to a peer's address.

var data: PackedByteArray
## As Address.show() writes it.
var address: String


func _init(bytes: PackedByteArray, to: String) -> void:
	data = bytes
	address = to
