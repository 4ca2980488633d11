extends MultiplayerPeerExtension
## Base of [PackhorseMultiplayerPeer]: how Godot sets up what it sends and reads what has come.

const Inbox := preload("../core/inbox.gd")

var _inbox := Inbox.new()
var _target := 0
var _mode := TRANSFER_MODE_RELIABLE
var _channel := 0


func _set_target_peer(peer: int) -> void:
	_target = peer


func _set_transfer_mode(mode: TransferMode) -> void:
	_mode = mode


func _get_transfer_mode() -> TransferMode:
	return _mode


func _set_transfer_channel(channel: int) -> void:
	_channel = channel


func _get_transfer_channel() -> int:
	return _channel


func _get_available_packet_count() -> int:
	return _inbox.size()


func _get_packet_peer() -> int:
	return _inbox.next_source()


func _get_packet_mode() -> TransferMode:
	return TRANSFER_MODE_UNRELIABLE


func _get_packet_channel() -> int:
	return 0


func _get_packet_script() -> PackedByteArray:
	return _inbox.pop()
