extends SceneTree
## Some of the eight players of the game of room_game.gd, at 60 frames a second; the others are in
## other processes.
##
## [codeblock]
## godot --headless --path godot_addon -s res://tests/bench/some_players.gd -- HOST:PORT KIND COUNT
## [/codeblock]
## KIND is "packhorse", "enet" or "offline"; COUNT players are here. The first of them is the host
## and prints "place PLACE"; with that as a fourth argument, all are its clients. Prints "complete"
## when all eight are there, then plays until it is ended and prints every 60 frames how many calls
## have come to the first player.

const Player := preload("player.gd")

const PLAYERS := 8

var _relay: String
var _kind: String
var _players: Array[Player] = []
var _missing: int  # players that are to come into this process
var _is_complete := false
var _frame := 0


func _initialize() -> void:
	Engine.max_fps = 60
	var args := OS.get_cmdline_user_args()
	_relay = args[0]
	_kind = args[1]
	_missing = args[2].to_int()
	await process_frame  # until then, nothing is in the tree
	if args.size() > 3:
		_join(args[3])
	else:
		_open()


func _process(_delta: float) -> bool:
	_frame += 1
	if not _is_complete and _is_everybody_there():
		_is_complete = true
		print("complete")
	if _is_complete:
		for index in _players.size():
			if (index + _frame) & 1:
				_players[index].take_position.rpc(Vector3(1.0, 2.0, 3.0), 0.5)
		if _frame % 60 == 0:
			print("received %d" % _players[0].received)
	return false


func _is_everybody_there() -> bool:
	if _missing > 0:
		return false
	if _kind == "offline":
		return true
	var is_connected_to_all := func(player: Player) -> bool:
		return player.api.get_peers().size() == PLAYERS - 1
	return _players.all(is_connected_to_all)


func _open() -> void:
	if _kind == "offline":
		_add(OfflineMultiplayerPeer.new())
	elif _kind == "enet":
		var peer := ENetMultiplayerPeer.new()
		peer.create_server(0)
		_add(peer)
		_tell_place(str(peer.host.get_local_port()))
	else:
		var peer := PackhorseMultiplayerPeer.new()
		peer.room_created.connect(_tell_place)
		peer.create_room(_relay)
		_add(peer)


func _tell_place(place: String) -> void:
	print("place ", place)
	_join(place)


## Lets all players who are missing join the host at [param place].
func _join(place: String) -> void:
	while _missing > 0:
		if _kind == "enet":
			var peer := ENetMultiplayerPeer.new()
			peer.create_client("127.0.0.1", place.to_int())
			_add(peer)
		else:
			var peer := PackhorseMultiplayerPeer.new()
			peer.join_room(_relay, place)
			_add(peer)


func _add(peer: MultiplayerPeer) -> void:
	_missing -= 1
	var player := Player.new()
	player.enter(self, "game_%d" % _players.size(), peer)
	_players.append(player)
