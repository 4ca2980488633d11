extends SceneTree
## One player of the game of room_game.gd in a process of its own, at 60 frames a second.
##
## [codeblock]
## godot --headless --path godot_addon -s res://tests/bench/one_player.gd -- HOST:PORT KIND PLACE
## [/codeblock]
## KIND is "packhorse", "enet" or "offline"; PLACE is empty for the host, and the code or the port
## for a client. Prints "place PLACE" (the host) and "complete" when all are there, then plays until
## it is ended and prints every 60 frames how many calls have come.

const Player := preload("player.gd")

const PLAYERS := 8
const PORT := 45140  ## Of the host over ENet.

var _player := Player.new()
var _kind: String
var _is_complete := false
var _frame := 0


func _initialize() -> void:
	Engine.max_fps = 60
	var args := OS.get_cmdline_user_args()
	_kind = args[1]
	_player.enter(self, "game", _open(args[0], args[2] if args.size() > 2 else ""))


func _process(_delta: float) -> bool:
	_frame += 1
	if not _is_complete and (_is_offline() or _player.api.get_peers().size() == PLAYERS - 1):
		_is_complete = true
		print("complete")
	if _is_complete and _frame & 1:
		_player.take_position.rpc(Vector3(1.0, 2.0, 3.0), 0.5)
	if _is_complete and _frame % 60 == 0:
		print("received %d" % _player.received)
	return false


func _is_offline() -> bool:
	return _kind == "offline"


func _open(relay: String, place: String) -> MultiplayerPeer:
	if _is_offline():
		return OfflineMultiplayerPeer.new()
	if _kind == "enet":
		return _open_enet(place)
	var peer := PackhorseMultiplayerPeer.new()
	peer.room_created.connect(func(code: String) -> void: print("place ", code))
	if place:
		peer.join_room(relay, place)
	else:
		peer.create_room(relay)
	return peer


func _open_enet(place: String) -> ENetMultiplayerPeer:
	var peer := ENetMultiplayerPeer.new()
	if place:
		peer.create_client("127.0.0.1", place.to_int())
	else:
		peer.create_server(PORT)
		print("place %d" % PORT)
	return peer
