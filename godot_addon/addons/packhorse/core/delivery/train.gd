extends RefCounted
## Datagrams that followed each other, as they were acknowledged.

var rate: float  ## Bytes a second.
## They arrived more slowly than they were sent: that is all that the path delivers.
var is_stretched: bool


func _init(its_rate: float, was_stretched: bool) -> void:
	rate = its_rate
	is_stretched = was_stretched
