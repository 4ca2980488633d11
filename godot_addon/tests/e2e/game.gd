extends Node
## Creates and joins rooms, calls and answers RPCs; prints every signal and call as a JSON line.

const Counting := preload("counting.gd")
const RpcLanes := preload("rpc_lanes.gd")
const Things := preload("things.gd")
const Traffic := preload("traffic.gd")

var _peer: PackhorseMultiplayerPeer = null
## True when the peer is used without MultiplayerAPI.
var _is_raw := false
var _calls := 0
var _counting := Counting.new()
var _lanes := RpcLanes.new()
var _things := Things.new()
var _thing: Node = null
var _list := PackhorseRoomList.new()
var _traffic: Traffic = null


func _ready() -> void:
	for event: StringName in [
		&"peer_connected",
		&"peer_disconnected",
		&"connected_to_server",
		&"connection_failed",
		&"server_disconnected",
	]:
		multiplayer.connect(
			event, _tell_peer.bind(event) if "peer_" in event else _tell.bind(event)
		)
	_things.name = "Things"
	_things.value_taken.connect(_on_things_value_taken)
	_things.mark_taken.connect(_on_things_mark_taken)
	add_child(_things)
	_counting.name = "Counting"
	add_child(_counting)
	_lanes.name = "RpcLanes"
	_lanes.lane_heard.connect(_on_lanes_lane_heard)
	add_child(_lanes)
	add_child(_list)
	_list.rooms_listed.connect(_on_list_rooms_listed)
	_list.listing_failed.connect(_on_peer_connection_error)
	_tell(&"ready")


func _process(_delta: float) -> void:
	if not _is_raw or _peer == null:
		return
	_peer.poll()
	while _peer.get_available_packet_count() > 0:
		_take_packet()
	if _traffic != null:
		_traffic.send()


## Does what a command says.
func obey(command: Dictionary) -> void:
	match command["do"]:
		"create", "join", "resume":
			_start(command)
		"decide":
			var request: float = command["request"]
			var is_welcome: bool = command["admit"]
			_decide(int(request), is_welcome)
		"save":
			_tell(&"saved", {"session": _peer.get_saved_session()})
		"say":
			_say(command)
		"put":
			_put(command)
		"exchange":
			var target: float = command["to"]
			var messages: float = command["messages"]
			_traffic = Traffic.new(_peer, int(target), int(messages))
		"weigh":
			_weigh(command)
		"spray":
			_spray(command)
		"spawn":
			var value: float = command["value"]
			_thing = _things.spawn(int(value))
		"change":
			_thing.set(&"value", command["value"])
		"mark":
			_thing.set(&"mark", command["mark"])
		"kick":
			var peer: float = command["peer"]
			var is_forced: bool = command.get("force", false)
			_peer.disconnect_peer(int(peer), is_forced)
		"count_up":
			_counting.is_speaking = command["on"]
		"counted":
			_tell(&"counted", _counting.report())
		"call_up":
			var targets: Array = command["to"]
			_lanes.call_up(Array(targets, TYPE_INT, &"", null))
		"authenticate":
			_authenticate(str(command["secret"]))
		"refuse":
			_peer.refuse_new_connections = true
		"close":
			_peer.close()
		"unassign":
			multiplayer.multiplayer_peer = null
			_peer = null
		"freeze":
			var seconds: float = command["seconds"]
			OS.delay_msec(int(seconds * 1000.0))
		"list":
			var options := PackhorseRoomOptions.new()
			_set_transport(options, command)
			_list.list_rooms(str(command["relay"]), options)
		"set_options":
			_set_options(command)
		"report":
			_report()


@rpc("any_peer", "call_remote", "unreliable")
func hear(text: String) -> void:
	_calls += 1
	_tell(&"heard", {"peer": multiplayer.get_remote_sender_id(), "text": text})


@rpc("any_peer", "call_remote", "reliable")
func hear_reliably(text: String) -> void:
	_calls += 1
	_tell(&"heard_reliably", {"peer": multiplayer.get_remote_sender_id(), "text": text})


@rpc("any_peer", "call_remote", "reliable", 3)
func weigh(data: PackedByteArray) -> void:
	var hashed := data.get_string_from_ascii().sha256_text()
	_tell(&"weighed", {"size": data.size(), "hash": hashed})


@rpc("any_peer", "call_remote", "unreliable")
func count() -> void:
	_calls += 1


@rpc("any_peer", "call_remote", "unreliable")
func count_with(_data: PackedByteArray) -> void:
	_calls += 1


func _start(command: Dictionary) -> void:
	_is_raw = command.get("raw", false) == true
	ProjectSettings.set_setting(
		"packhorse/connection/network_thread", command.get("network_thread", true)
	)
	if _peer == null or command.get("reuse") != true:
		_peer = PackhorseMultiplayerPeer.new()
		var is_deaf: bool = command.get("deaf", false)
		_watch(is_deaf)
	var options := PackhorseRoomOptions.new()
	if command.get("topology") == "star":
		options.topology = PackhorseRoomOptions.Topology.STAR
	var max_peers: float = command.get("max_peers", 0.0)
	options.max_peers = int(max_peers)
	options.password = command.get("password", "")
	options.approve = command.get("approve", false)
	options.player_name = command.get("name", "")
	options.connect_timeout = command.get("timeout", 15.0)
	_set_transport(options, command)
	var relay := str(command["relay"])
	var result := OK
	match command["do"]:
		"create":
			result = _peer.create_room(relay, options)
		"join":
			result = _peer.join_room(relay, str(command["code"]), options)
		"resume":
			result = _peer.resume_room(relay, str(command["saved"]), options)
	_tell(&"started", {"result": error_string(result)})
	if result == OK and not _is_raw:
		multiplayer.multiplayer_peer = _peer


func _set_transport(options: PackhorseRoomOptions, command: Dictionary) -> void:
	var transport: String = command.get("transport", "AUTO")
	options.transport = PackhorseRoomOptions.Transport[transport]
	options.trusts_any_certificate = command.get("unsafe", false)
	var certificate: String = command.get("certificate", "")
	if certificate:
		options.trusted_certificate = X509Certificate.new()
		options.trusted_certificate.load(certificate)


## Admits peers that send the same secret.
func _authenticate(secret: String) -> void:
	var api: SceneMultiplayer = multiplayer
	api.auth_timeout = 5.0
	api.auth_callback = _on_multiplayer_authentication.bind(secret)
	api.peer_authenticating.connect(_on_multiplayer_peer_authenticating.bind(secret))
	api.peer_authentication_failed.connect(_tell_peer.bind(&"peer_authentication_failed"))


func _on_multiplayer_peer_authenticating(peer: int, secret: String) -> void:
	var api: SceneMultiplayer = multiplayer
	api.send_auth(peer, secret.to_utf8_buffer())


func _on_multiplayer_authentication(peer: int, data: PackedByteArray, secret: String) -> void:
	var api: SceneMultiplayer = multiplayer
	if data.get_string_from_utf8() == secret:
		api.complete_auth(peer)


func _on_list_rooms_listed(rooms: Array[Dictionary]) -> void:
	for room in rooms:
		var metadata: PackedByteArray = room["metadata"]
		room["metadata"] = metadata.get_string_from_utf8()
	_tell(&"rooms_listed", {"rooms": rooms})


func _set_options(command: Dictionary) -> void:
	var options := PackhorseRoomOptions.new()
	options.listed = command.get("listed", false)
	options.metadata = command.get("metadata", "")
	options.locked = command.get("locked", false)
	options.password = command.get("password", "")
	_tell(&"set_options", {"result": error_string(_peer.set_room_options(options))})


func _decide(request: int, is_welcome: bool) -> void:
	var doorman := _peer.doorman
	var result := doorman.admit(request) if is_welcome else doorman.refuse(request)
	_tell(&"decided", {"result": error_string(result)})


func _watch(is_deaf: bool) -> void:
	_peer.room_created.connect(func(code: String) -> void: _tell(&"room_created", {"code": code}))
	_peer.stage_changed.connect(_on_peer_stage_changed)
	if not is_deaf:
		_peer.connection_error.connect(_on_peer_connection_error)
	_peer.doorman.join_requested.connect(
		func(request: int, player: String) -> void:
			_tell(&"join_requested", {"request": request, "name": player})
	)
	_peer.peer_lost.connect(_tell_peer.bind(&"peer_lost"))
	_peer.peer_found.connect(_tell_peer.bind(&"peer_found"))
	_peer.peer_path_changed.connect(_on_peer_peer_path_changed)
	_peer.relay_draining.connect(
		func(seconds: float) -> void: _tell(&"relay_draining", {"seconds": seconds})
	)
	_peer.session_lost.connect(_tell.bind(&"session_lost"))
	_peer.session_resumed.connect(_tell.bind(&"session_resumed"))
	if _is_raw:
		_peer.peer_connected.connect(_tell_peer.bind(&"peer_connected"))
		_peer.peer_disconnected.connect(_tell_peer.bind(&"peer_disconnected"))


func _say(command: Dictionary) -> void:
	var method := &"hear_reliably" if command.get("reliable") == true else &"hear"
	var target: float = command.get("to", 0.0)
	var text := str(command["text"])
	var result := rpc_id(int(target), method, text)
	_tell(&"said", {"result": error_string(result)})


func _take_packet() -> void:
	var source := _peer.get_packet_peer()
	var mode := _peer.get_packet_mode()
	var channel := _peer.get_packet_channel()
	var packet := _peer.get_packet()
	if _traffic != null:
		_traffic.take(packet, mode, channel)
		return
	var fields := {"peer": source, "hex": packet.hex_encode(), "mode": mode, "channel": channel}
	_tell(&"packet", fields)


## Calls a reliable RPC with many bytes.
func _weigh(command: Dictionary) -> void:
	var size: float = command["size"]
	var data := PackedByteArray()
	data.resize(int(size))
	data.fill("a".unicode_at(0))
	rpc(&"weigh", data)


func _put(command: Dictionary) -> void:
	var target: float = command["to"]
	var mode: float = command.get("mode", 0.0)
	var channel: float = command.get("channel", 0.0)
	_peer.transfer_mode = int(mode) as MultiplayerPeer.TransferMode
	_peer.transfer_channel = int(channel)
	_peer.set_target_peer(int(target))
	var result := _peer.put_packet(str(command["hex"]).hex_decode())
	_tell(&"put", {"result": error_string(result)})


## Calls an RPC of everybody many times in one frame; with data of [code]size[/code] bytes, if any.
func _spray(command: Dictionary) -> void:
	var times: float = command["times"]
	var size: float = command.get("size", 0.0)
	var data := PackedByteArray()
	data.resize(int(size))
	for _index in int(times):
		if data:
			rpc(&"count_with", data)
		else:
			rpc(&"count")


func _report() -> void:
	var statistics := {}
	for key in _peer.get_statistics():
		statistics[str(key)] = _peer.get_statistics()[key]
	_tell(
		&"report",
		{
			"id": _peer.get_unique_id(),
			"status": _peer.get_connection_status(),
			"peers": Array(multiplayer.get_peers()),
			"code": _peer.room_code,
			"rtt": _peer.get_peer_rtt(1),
			"calls": _calls,
			"statistics": statistics,
			"traffic": _traffic.report() if _traffic != null else {},
		}
	)


func _on_things_value_taken(value: int) -> void:
	_tell(&"value_taken", {"value": value})


func _on_things_mark_taken(mark: int) -> void:
	_tell(&"mark_taken", {"mark": mark})


func _on_lanes_lane_heard(peer: int, lane: StringName, numbers: Array) -> void:
	_tell(&"lane_heard", {"peer": peer, "lane": lane, "numbers": numbers})


func _on_peer_stage_changed(stage: PackhorseMultiplayerPeer.Stage) -> void:
	_tell(&"stage_changed", {"stage": PackhorseMultiplayerPeer.Stage.find_key(stage)})


func _on_peer_peer_path_changed(peer: int, path: PackhorseMultiplayerPeer.Path) -> void:
	_tell(&"peer_path", {"peer": peer, "path": PackhorseMultiplayerPeer.Path.find_key(path)})


func _on_peer_connection_error(error: PackhorseError) -> void:
	_tell(
		&"connection_error",
		{
			"code": error.code,
			"name": error.name,
			"message": error.message,
			"advice": error.advice,
			"stage": error.stage,
			"attempts": error.attempts,
		}
	)


func _tell_peer(peer: int, event: StringName) -> void:
	_tell(event, {"peer": peer})


func _tell(event: StringName, fields := {}) -> void:
	var line := {"event": event}
	line.merge(fields)
	print(JSON.stringify(line, "", false))
