extends RefCounted
## Games of the same players over different peers, all in this process.

const Player := preload("player.gd")
const PORT := 45137  ## Of the first host that needs no relay; later ones take the next.

var _tree: SceneTree
var _relay: String
var _next_port := PORT


## Plays in [param tree], over [param relay] where the peers need one.
func _init(tree: SceneTree, relay: String) -> void:
	_tree = tree
	_relay = relay


## Returns [param count] connected players, the host first, over peers of [param kind]: "packhorse",
## "packhorse star", "enet" or "websocket". Clients find a host that needs no relay at [param port]
## of this machine, or at its own when that is 0.
func start(kind: String, count: int, port := 0) -> Array[Player]:
	var players: Array[Player] = []
	var host := _make(kind)
	await _open(host, kind)
	for index in count:
		var peer := host if index == 0 else _make(kind)
		if index > 0:
			_join(peer, host, port)
		var player := Player.new()
		player.enter(_tree, "%s_%d" % [kind.replace(" ", "_"), index], peer)
		players.append(player)
		while not _is_complete(players):
			for other in players:
				other.api.poll()
			await _tree.process_frame
	_next_port += 1
	return players


static func _make(kind: String) -> MultiplayerPeer:
	match kind:
		"enet":
			return ENetMultiplayerPeer.new()
		"websocket":
			return WebSocketMultiplayerPeer.new()
	return PackhorseMultiplayerPeer.new()


func _open(host: MultiplayerPeer, kind: String) -> void:
	if host is ENetMultiplayerPeer:
		_check((host as ENetMultiplayerPeer).create_server(_next_port))
	elif host is WebSocketMultiplayerPeer:
		_check((host as WebSocketMultiplayerPeer).create_server(_next_port))
	else:
		var peer: PackhorseMultiplayerPeer = host
		var options := PackhorseRoomOptions.new()
		if kind.ends_with("star"):
			options.topology = PackhorseRoomOptions.Topology.STAR
		peer.create_room(_relay, options)
		while not peer.room_code:
			peer.poll()
			await _tree.process_frame


## Ends the program when a host could not be opened: another one may be measuring.
func _check(error: Error) -> void:
	if error != OK:
		printerr("port %d cannot be had: %s" % [_next_port, error_string(error)])
		_tree.quit(1)


func _join(guest: MultiplayerPeer, host: MultiplayerPeer, port: int) -> void:
	var to := port if port else _next_port
	if guest is ENetMultiplayerPeer:
		(guest as ENetMultiplayerPeer).create_client("127.0.0.1", to)
	elif guest is WebSocketMultiplayerPeer:
		(guest as WebSocketMultiplayerPeer).create_client("ws://127.0.0.1:%d" % to)
	else:
		var room: PackhorseMultiplayerPeer = host
		(guest as PackhorseMultiplayerPeer).join_room(_relay, room.room_code)


static func _is_complete(players: Array[Player]) -> bool:
	for player in players:
		if player.api.get_peers().size() != players.size() - 1:
			return false
	return true
