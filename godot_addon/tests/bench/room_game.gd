extends SceneTree
## A game of eight players that tell each other their positions 30 times a second: what it costs
## each of them at 60 frames a second, and what it sends.
##
## [codeblock]
## godot --headless --path godot_addon -s res://tests/bench/room_game.gd -- HOST:PORT KIND PORT
## [/codeblock]
## PORT is where clients find a host that needs no relay, 0 for its own. Prints "playing", then one
## JSON line: microseconds per frame of the host and of one client in the middle, and calls received.

const Games := preload("games.gd")
const Player := preload("player.gd")

const PLAYERS := 8
const FRAMES_PER_SECOND := 60
const FRAMES := 600


func _initialize() -> void:
	Engine.max_fps = FRAMES_PER_SECOND
	multiplayer_poll = false
	_run(OS.get_cmdline_user_args())


func _run(args: PackedStringArray) -> void:
	await process_frame
	var players := await Games.new(self, args[0]).start(args[1], PLAYERS, args[2].to_int())
	for _frame in FRAMES_PER_SECOND:
		await _turn(players, 0, [])
	print("playing")
	var before := _received(players)
	var spent: Array[float] = []
	spent.resize(PLAYERS)
	var idle: Array[float] = []
	idle.resize(PLAYERS)
	for frame in FRAMES:
		await _turn(players, 1 + (frame & 1), spent)
	var received := _received(players) - before
	print("played")
	for frame in FRAMES_PER_SECOND:
		await _turn(players, 0, idle)
	var line := {
		"kind": args[1],
		"host_usec": spent[0] / FRAMES,
		"client_usec": _median(spent.slice(1)) / FRAMES,
		"idle_usec": _median(idle.slice(1)) / FRAMES_PER_SECOND,
		"arrived": float(received) / (FRAMES / 2.0 * PLAYERS * (PLAYERS - 1)),
	}
	print(JSON.stringify(line, "", false))
	for player in players:
		player.leave()
	quit()


## Lets every player poll, and move in one of two frames: half of them in each.
func _turn(players: Array[Player], phase: int, spent: Array) -> void:
	for index in players.size():
		var start := Time.get_ticks_usec()
		players[index].api.poll()
		if phase and (index & 1) + 1 == phase:
			players[index].take_position.rpc(Vector3(index, 2.0, 3.0), 0.5)
			await _end_of_frame()
		if spent:
			spent[index] += Time.get_ticks_usec() - start
	await process_frame


func _received(players: Array[Player]) -> int:
	var sum := 0
	for player in players:
		sum += player.received
	return sum


signal deferred


## Returns when everything that was deferred before has been called.
func _end_of_frame() -> void:
	deferred.emit.call_deferred()
	await deferred


static func _median(values: Array) -> float:
	values.sort()
	return values[values.size() >> 1]
