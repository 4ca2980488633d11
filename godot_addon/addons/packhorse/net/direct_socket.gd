extends "udp_link.gd"
## A UDP socket for peers alone, where the relay is not reached over UDP.


func _init() -> void:
	super("", 0)


func open(_now: float) -> Error:
	return _bind()
