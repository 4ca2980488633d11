extends SceneTree
## What a message costs in a game's frame: Packhorse over a relay, and ENet, in one run.
##
## [codeblock]
## godot --headless --path godot_addon -s res://tests/bench/peers.gd -- --relay HOST:PORT
## [/codeblock]
## Prints a JSON line for each case: microseconds per message in the median frame, in put_packet()
## and poll() of the sender, and in poll() and get_packet() of the receiver; and those of processor
## time of both together, beyond that of frames without messages, from 10 ms ticks of the whole run.

const CASES: Array[Array] = [[32, 1], [32, 20], [1000, 20], [8000, 2]]  # bytes, messages a frame
const MODES: Array[MultiplayerPeer.TransferMode] = [
	MultiplayerPeer.TRANSFER_MODE_UNRELIABLE,
	MultiplayerPeer.TRANSFER_MODE_UNRELIABLE_ORDERED,
	MultiplayerPeer.TRANSFER_MODE_RELIABLE,
]
const MODE_NAMES: Array[String] = ["unreliable", "ordered", "reliable"]
const FRAMES := 150
const FRAMES_PER_SECOND := 60
const PORT := 45137
const TICK_USEC := 10_000.0  # of /proc/self/stat

var _sent_usec: Array[int] = []  # by frame
var _received_usec: Array[int] = []
var _received := 0
var _idle_ticks := 0


func _initialize() -> void:
	Engine.max_fps = FRAMES_PER_SECOND
	_run(OS.get_cmdline_user_args()[1])


func _run(relay: String) -> void:
	await process_frame
	var host := PackhorseMultiplayerPeer.new()
	var guest := PackhorseMultiplayerPeer.new()
	host.room_created.connect(func(code: String) -> void: guest.join_room(relay, code))
	host.create_room(relay)
	await _measure("packhorse", host, guest)
	host.close()
	var server := ENetMultiplayerPeer.new()
	var client := ENetMultiplayerPeer.new()
	server.create_server(PORT)
	client.create_client("127.0.0.1", PORT)
	await _measure("enet", server, client)
	quit()


func _measure(what: String, host: MultiplayerPeer, guest: MultiplayerPeer) -> void:
	while guest.get_connection_status() != MultiplayerPeer.CONNECTION_CONNECTED:
		host.poll()
		guest.poll()
		await process_frame
	await _run_idle(host, guest)
	var before := _ticks()
	for _frame in FRAMES:
		_turn(host, guest, PackedByteArray(), 0)
		await process_frame
	_idle_ticks = _ticks() - before
	for case in CASES:
		for mode in MODES:
			var size: int = case[0]
			var count: int = case[1]
			await _measure_case(what, host, guest, mode, size, count)


func _measure_case(
	what: String,
	host: MultiplayerPeer,
	guest: MultiplayerPeer,
	mode: MultiplayerPeer.TransferMode,
	size: int,
	count: int
) -> void:
	var data := PackedByteArray()
	data.resize(size)
	guest.transfer_mode = mode
	guest.set_target_peer(1)
	await _run_idle(host, guest)
	_sent_usec.clear()
	_received_usec.clear()
	_received = 0
	var before := _ticks()
	for _frame in FRAMES:
		_turn(host, guest, data, count)
		await process_frame
	var ticks := _ticks() - before - _idle_ticks
	var sent_usec := _median(_sent_usec) / count
	var received_usec := _median(_received_usec) / count
	await _run_idle(host, guest)
	var sent := FRAMES * count
	var line := {
		"peer": what,
		"mode": MODE_NAMES[mode],
		"bytes": size,
		"per_frame": count,
		"sent_usec": snappedf(sent_usec, 0.1),
		"received_usec": snappedf(received_usec, 0.1),
		"processor_usec": snappedf(ticks * TICK_USEC / (FRAMES * count), 0.1),
		"arrived": snappedf(float(_received) / sent, 0.001),
	}
	print(JSON.stringify(line, "", false))


func _run_idle(host: MultiplayerPeer, guest: MultiplayerPeer) -> void:
	for _frame in 30:
		_turn(host, guest, PackedByteArray(), 0)
		await process_frame


func _turn(
	host: MultiplayerPeer, guest: MultiplayerPeer, data: PackedByteArray, count: int
) -> void:
	var start := Time.get_ticks_usec()
	guest.poll()
	for _index in count:
		guest.put_packet(data)
	guest.poll()
	_sent_usec.append(Time.get_ticks_usec() - start)
	start = Time.get_ticks_usec()
	host.poll()
	while host.get_available_packet_count() > 0:
		host.get_packet()
		_received += 1
	_received_usec.append(Time.get_ticks_usec() - start)


static func _median(values: Array[int]) -> float:
	values.sort()
	return values[values.size() >> 1]


## Returns the processor time of this process so far, in ticks.
static func _ticks() -> int:
	var file := FileAccess.open("/proc/self/stat", FileAccess.READ)
	var fields := file.get_line().get_slice(")", 1).split(" ", false)
	return fields[11].to_int() + fields[12].to_int()
