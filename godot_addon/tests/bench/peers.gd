extends SceneTree
## What an RPC costs in a game's frame: Packhorse over a relay, ENet and WebSocket, in turns.
##
## [codeblock]
## godot --headless --path godot_addon -s res://tests/bench/peers.gd -- HOST:PORT WAY
## [/codeblock]
## WAY is "relayed" or "direct": how Packhorse's datagrams have to go. Prints a JSON line for each
## case: microseconds per RPC in the median frame and in one of a hundred; of the sender those in
## poll(), rpc() and what rpc() left for the end of the frame, of the receiver those in poll(),
## which calls the method.
## Without RPCs a frame has the cost of poll() alone. Processor time is that of both sides
## and of all threads, beyond frames without RPCs; it leaves out when others had the processor.

signal deferred

const Games := preload("games.gd")
const Player := preload("player.gd")

const KINDS: Array[String] = ["packhorse", "enet", "websocket"]
const METHODS: Array[StringName] = [&"take_unreliable", &"take_ordered", &"take_reliable"]
const LOADS: Array[Array] = [[32, 0], [32, 1], [32, 20], [1000, 20]]  # bytes, RPCs a frame
const IDLE: Array = [32, 0]
const ROUNDS := 6
const FRAMES := 25  # in each round of each case
const FRAMES_PER_SECOND := 60

var _games: Dictionary[String, Array] = {}  # players by kind
var _sent: Dictionary[String, PackedFloat64Array] = {}  # microseconds of each frame, by case
var _received: Dictionary[String, PackedFloat64Array] = {}
var _counts: Dictionary[String, int] = {}
var _processor_usec: Dictionary[String, float] = {}  # of all frames, by case


func _initialize() -> void:
	Engine.max_fps = FRAMES_PER_SECOND
	multiplayer_poll = false
	var args := OS.get_cmdline_user_args()
	_run(args[0], args[1] == "direct")


func _run(relay: String, is_direct: bool) -> void:
	await process_frame
	for kind in KINDS:
		_games[kind] = await Games.new(self, relay).start(kind, 2)
	for _frame in FRAMES_PER_SECOND:  # until names and paths are agreed on
		for kind in KINDS:
			for player: Player in _games[kind]:
				player.api.poll()
		await process_frame
	for player: Player in _games["packhorse"]:
		var peer: PackhorseMultiplayerPeer = player.api.multiplayer_peer
		for other in peer.get_peer_ids():
			if (peer.get_peer_path(other) == PackhorseMultiplayerPeer.Path.DIRECT) != is_direct:
				printerr("not the way that was asked for")
				quit(1)
				return
	for _round in ROUNDS:
		for method in METHODS:
			for case in LOADS:
				for kind in KINDS:
					await _measure(kind, method, case)
	for method in METHODS:
		for case in LOADS:
			for kind in KINDS:
				_print(kind, method, case)
	for kind in KINDS:
		for player: Player in _games[kind]:
			player.leave()
	quit()


func _measure(kind: String, method: StringName, case: Array) -> void:
	var host: Player = _games[kind][0]
	var guest: Player = _games[kind][1]
	var size: int = case[0]
	var count: int = case[1]
	var data := PackedByteArray()
	data.resize(size)
	var key := _key(kind, method, case)
	var sent: PackedFloat64Array = _sent.get(key, PackedFloat64Array())
	var received: PackedFloat64Array = _received.get(key, PackedFloat64Array())
	for _frame in 3:
		_poll(host, guest)
		await process_frame
	var before := host.received
	var processor_before := _processor_time()
	for _frame in FRAMES:
		var start := Time.get_ticks_usec()
		host.api.poll()
		received.append(Time.get_ticks_usec() - start)
		start = Time.get_ticks_usec()
		guest.api.poll()
		for _index in count:
			guest.rpc_id(1, method, data)
		await _end_of_frame()
		sent.append(Time.get_ticks_usec() - start)
		await process_frame
	var processor_usec := _processor_time() - processor_before
	_processor_usec[key] = _processor_usec.get(key, 0.0) + processor_usec
	_sent[key] = sent
	_received[key] = received
	for _frame in 3:
		_poll(host, guest)
		await process_frame
	_counts[key] = _counts.get(key, 0) + host.received - before


func _poll(host: Player, guest: Player) -> void:
	host.api.poll()
	guest.api.poll()


## Returns when everything that was deferred before has been called.
func _end_of_frame() -> void:
	deferred.emit.call_deferred()
	await deferred


func _print(kind: String, method: StringName, case: Array) -> void:
	var key := _key(kind, method, case)
	var count: int = case[1]
	var idle := _processor_usec[_key(kind, method, IDLE)] if count else 0.0
	var extra := _processor_usec[key] - idle
	var line := {
		"peer": kind,
		"mode": method.trim_prefix("take_"),
		"bytes": case[0],
		"per_frame": count,
		"sent_usec": snappedf(_percentile(_sent[key], 50) / maxi(count, 1), 0.1),
		"received_usec": snappedf(_percentile(_received[key], 50) / maxi(count, 1), 0.1),
		"slow_sent_usec": snappedf(_percentile(_sent[key], 99) / maxi(count, 1), 0.1),
		"slow_received_usec": snappedf(_percentile(_received[key], 99) / maxi(count, 1), 0.1),
		"processor_usec": snappedf(extra / (ROUNDS * FRAMES * maxi(count, 1)), 0.1),
		"arrived": float(_counts[key]) / maxi(1, ROUNDS * FRAMES * count),
	}
	print(JSON.stringify(line, "", false))


static func _key(kind: String, method: StringName, case: Array) -> String:
	return "%s %s %d %d" % [kind, method, case[0], case[1]]


## Returns the processor time of all threads of this program so far, microseconds.
static func _processor_time() -> float:
	var sum := 0.0
	for thread in DirAccess.get_directories_at("/proc/self/task"):
		var file := FileAccess.open("/proc/self/task/%s/schedstat" % thread, FileAccess.READ)
		sum += file.get_line().get_slice(" ", 0).to_int() / 1e3
	return sum


static func _percentile(values: PackedFloat64Array, percent: int) -> float:
	values.sort()
	@warning_ignore("integer_division")
	return values[values.size() * percent / 100]
