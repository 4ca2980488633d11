extends SceneTree
## Three players call all others 60 times a second, over a slow network; others join and leave.
##
## [codeblock]
## godot --headless --path godot_addon -s res://tests/e2e/newcomers.gd -- HOST:PORT
## [/codeblock]
## Prints for each newcomer the calls that it took and the broadcasts that it refused, as JSON.

const Games := preload("res://tests/bench/games.gd")
const Player := preload("res://tests/bench/player.gd")

const PLAYERS := 3
const NEWCOMERS := 4
const LATENCY := 0.2  # seconds; more than a frame of a busy machine
const CALLS := 90  # that a newcomer waits for

var _players: Array[Player] = []


func _initialize() -> void:
	Engine.max_fps = 60
	_run(OS.get_cmdline_user_args()[0])


func _run(relay: String) -> void:
	await process_frame
	_players = await Games.new(self, relay).start("packhorse", PLAYERS)
	for player in _players:
		_peer_of(player).set_network_simulation(LATENCY)
	var code := _peer_of(_players[0]).room_code
	for number in NEWCOMERS:
		await _welcome(relay, code, number)
	for player in _players:
		player.leave()
	quit()


## Lets a newcomer play until it has heard enough.
func _welcome(relay: String, code: String, number: int) -> void:
	var peer := PackhorseMultiplayerPeer.new()
	peer.join_room(relay, code)
	var newcomer := Player.new()
	newcomer.enter(self, "newcomer_%d" % number, peer)
	while newcomer.received < CALLS:
		for player in _players:
			player.take_position.rpc(Vector3.ZERO, 0.5)
		await process_frame
	var refused: float = peer.get_statistics().get(&"drop_stray_fanout", 0.0)
	print(JSON.stringify({"taken": newcomer.received, "refused": refused}))
	newcomer.leave()


static func _peer_of(player: Player) -> PackhorseMultiplayerPeer:
	return player.api.multiplayer_peer
