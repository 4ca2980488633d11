extends Node
## A game as users write it: joins the room that the environment names, and stays in it.


func _ready() -> void:
	var peer := PackhorseMultiplayerPeer.new()
	var code := OS.get_environment("PACKHORSE_CODE")
	if peer.join_room(OS.get_environment("PACKHORSE_GAME"), code) == OK:
		multiplayer.multiplayer_peer = peer
