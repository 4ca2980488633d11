extends SceneTree
## Joins a room, stays for some seconds and leaves: [code]-- RELAY CODE SECONDS[/code].

var _peer := PackhorseMultiplayerPeer.new()


func _initialize() -> void:
	var arguments := OS.get_cmdline_user_args()
	_peer.peer_connected.connect(_on_peer_peer_connected)
	if _peer.join_room(arguments[0], arguments[1]) != OK:
		quit(1)


func _process(_delta: float) -> bool:
	_peer.poll()
	return false


func _on_peer_peer_connected(_id: int) -> void:
	print("connected")
	await create_timer(OS.get_cmdline_user_args()[2].to_float()).timeout
	_peer.close()
	await create_timer(1.0).timeout
	quit()
