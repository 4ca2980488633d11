extends SceneTree
## Says numbers to all peers of a room for a while, reliably and unreliably; prints as JSON lines
## which paths they take, and at last what was heard.
##
## [codeblock]
## godot --headless --path godot_addon -s res://tests/e2e/direct_member.gd -- \
##     --relay HOST:PORT --peers OTHERS --seconds SECONDS [--code CODE] [--relay-only yes]
## [/codeblock]

const FRAMES_PER_SECOND := 100

const _INTERVAL := 0.02  # seconds
const _LISTEN := 4.0  # seconds after the last number
const _LEAVE := 20.0  # seconds that a host waits for the others to leave first
const _LONG := 0.2  # seconds without a reliable number that are told

var _peer := PackhorseMultiplayerPeer.new()
var _arguments: Dictionary[String, String] = {}
var _said := 0
var _starts_at := INF  # clock seconds
var _is_summed_up := false
var _heard: Dictionary[int, Dictionary] = {}
var _heard_at: Dictionary[int, float] = {}


func _initialize() -> void:
	Engine.max_fps = FRAMES_PER_SECOND
	var given := OS.get_cmdline_user_args()
	for index in range(0, given.size(), 2):
		_arguments[given[index]] = given[index + 1]
	_peer.room_created.connect(_on_peer_room_created)
	_peer.peer_path_changed.connect(_on_peer_peer_path_changed)
	_peer.connection_error.connect(_on_peer_connection_error)
	var options := PackhorseRoomOptions.new()
	options.relay_only = _arguments.has("--relay-only")
	if _arguments.has("--code"):
		_peer.join_room(_arguments["--relay"], _arguments["--code"], options)
	else:
		_peer.create_room(_arguments["--relay"], options)


func _process(_delta: float) -> bool:
	_peer.poll()
	var now := Time.get_ticks_usec() / 1e6
	while _peer.get_available_packet_count() > 0:
		var source := _peer.get_packet_peer()
		_take(_peer.get_packet(), source, now)
	if _starts_at == INF and _peer.get_peer_ids().size() >= _arguments["--peers"].to_int():
		_starts_at = now
	var seconds := _arguments["--seconds"].to_float()
	while now < _starts_at + seconds and now >= _starts_at + _said * _INTERVAL:
		_say()
	var ends_at := _starts_at + seconds + _LISTEN
	if now < ends_at:
		return false
	if not _is_summed_up:
		_is_summed_up = true
		_tell({"summary": {"said": _said, "heard": _heard, "statistics": _peer.get_statistics()}})
	if _is_needed() and now < ends_at + _LEAVE:
		return false
	_peer.close()
	return true


func _is_needed() -> bool:
	return not _arguments.has("--code") and not _peer.get_peer_ids().is_empty()


func _say() -> void:
	var packet := PackedByteArray([0, 0, 0, 0, 0])
	packet.encode_u32(1, _said)
	_peer.set_target_peer(MultiplayerPeer.TARGET_PEER_BROADCAST)
	for mode: int in [
		MultiplayerPeer.TRANSFER_MODE_RELIABLE, MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
	]:
		packet[0] = mode
		_peer.transfer_mode = mode as MultiplayerPeer.TransferMode
		_peer.put_packet(packet)
	_said += 1


func _take(packet: PackedByteArray, source: int, now: float) -> void:
	if not _heard.has(source):
		_heard[source] = {"reliable": 0, "unreliable": 0, "faults": 0}
	var number := packet.decode_u32(1)
	if packet[0] == MultiplayerPeer.TRANSFER_MODE_UNRELIABLE:
		_heard[source]["unreliable"] += 1
		return
	var silence: float = now - _heard_at.get(source, now)
	if silence > _LONG:
		_tell({"silence": silence, "peer": source})
	_heard_at[source] = now
	if number != _heard[source]["reliable"]:
		_heard[source]["faults"] += 1
	_heard[source]["reliable"] += 1


func _on_peer_room_created(code: String) -> void:
	_tell({"code": code})


func _on_peer_peer_path_changed(peer: int, path: PackhorseMultiplayerPeer.Path) -> void:
	_tell({"peer": peer, "path": PackhorseMultiplayerPeer.Path.find_key(path)})


func _on_peer_connection_error(error: PackhorseError) -> void:
	_tell({"error": str(error)})
	quit(1)


func _tell(event: Dictionary) -> void:
	print(JSON.stringify(event))
