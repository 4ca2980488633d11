extends SceneTree
## A game of eight players that tell each other their positions 30 times a second: what it costs
## each of them at 60 frames a second, and what it sends.
##
## [codeblock]
## godot --headless --path godot_addon -s res://tests/bench/room_game.gd -- HOST:PORT KIND PORT
## [/codeblock]
## PORT is where clients find a host that needs no relay, 0 for its own. Prints "playing", "played",
## and a JSON line: microseconds a frame of the host and of the client in the middle, and the share
## of calls that arrived.

signal deferred

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
	await _play(players, FRAMES_PER_SECOND, false)
	print("playing")
	var before := _received(players)
	var spent := await _play(players, FRAMES, true)
	var received := _received(players) - before
	print("played")
	var idle := await _play(players, FRAMES_PER_SECOND, false)
	var line := {
		"kind": args[1],
		"host_usec": spent[0],
		"client_usec": _median(spent.slice(1)),
		"idle_usec": _median(idle.slice(1)),
		"arrived": received / (FRAMES / 2.0 * PLAYERS * (PLAYERS - 1)),
	}
	print(JSON.stringify(line, "", false))
	for player in players:
		player.leave()
	quit()


## Lets every player poll once a frame and, if they are [param moving], move in every second one,
## half of them in each. Returns the median of what each of them takes, microseconds a frame.
func _play(players: Array[Player], frames: int, moving: bool) -> PackedFloat64Array:
	var spent: Array[PackedFloat64Array] = []
	for _player in players:
		spent.append(PackedFloat64Array())
	for frame in frames:
		for index in players.size():
			var start := Time.get_ticks_usec()
			players[index].api.poll()
			if moving and (index + frame) & 1:
				players[index].take_position.rpc(Vector3(index, 2.0, 3.0), 0.5)
				await _end_of_frame()
			var usec := float(Time.get_ticks_usec() - start)
			if frame & 1:
				spent[index][-1] += usec / 2.0
			else:
				spent[index].append(usec / 2.0)
		await process_frame
	var medians := PackedFloat64Array()
	for one in spent:
		medians.append(_median(one))
	return medians


func _received(players: Array[Player]) -> int:
	var sum := 0
	for player in players:
		sum += player.received
	return sum


## Returns when everything that was deferred before has been called.
func _end_of_frame() -> void:
	deferred.emit.call_deferred()
	await deferred


static func _median(values: PackedFloat64Array) -> float:
	values.sort()
	return values[values.size() >> 1]
