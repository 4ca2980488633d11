extends Node
## Creates the peer: the only script of this game that knows how it is connected.
##
## Everything else uses [member Node.multiplayer], and plays the same over the relay and over ENet.

## Emitted in a room; [param code] is what friends type: a room code, or with ENet an address.
signal entered(code: String)
## Emitted when the room is over for this player; [param why] may be empty.
signal left(why: String)
## Emitted when something about the connection is worth a line for the player.
signal noticed(text: String)

const LaunchOptions := preload("launch_options.gd")

const _MAX_PLAYERS := 8
const _KEEP_EVERY := 1.0  # seconds
const _JITTER := 0.2  # of the simulated delay
## Errors after which a session cannot be taken up again.
const _FINAL: Array[String] = ["SESSION_UNKNOWN", "ROOM_CLOSED", "KICKED", "SAVED_INVALID"]

## Whether the room is one that this host has taken up again after a crash.
var is_resumed := false

var _options: LaunchOptions
var _lobby: PackhorseLobby
var _packhorse: PackhorseMultiplayerPeer = null  # null with ENet


## Connects as [param options] say; without a word there, the lobby asks the player.
func start(options: LaunchOptions, lobby: PackhorseLobby) -> void:
	_options = options
	_lobby = lobby
	if options.uses_enet:
		_start_enet()
	else:
		_start_packhorse()


## Leaves the room.
func leave() -> void:
	if _packhorse != null:
		_lobby.leave()
	else:
		_stop_enet("")


## Goes back into the room that was left.
func rejoin() -> void:
	if _packhorse != null:
		_lobby.join(_packhorse.room_code)
	else:
		multiplayer.multiplayer_peer = _create_enet_peer()


## Returns the round-trip time to a player in seconds, or -1 when it is not known.
func rtt_to(player: int) -> float:
	return _packhorse.get_peer_rtt(player) if _packhorse != null else -1.0


## Delays and loses what this game sends and gets: [param delay] in seconds, [param loss] 0 to 1.
func simulate_network(delay: float, loss: float) -> void:
	if _packhorse != null:
		_packhorse.set_network_simulation(delay, delay * _JITTER, loss)


func _start_packhorse() -> void:
	_packhorse = PackhorseMultiplayerPeer.new()
	_packhorse.session_lost.connect(noticed.emit.bind("Connection lost, trying again…"))
	_packhorse.session_resumed.connect(noticed.emit.bind("Back again"))
	_packhorse.relay_draining.connect(_on_packhorse_relay_draining)
	_packhorse.peer_lost.connect(_on_packhorse_peer_lost)
	_lobby.peer = _packhorse
	_lobby.entered.connect(entered.emit)
	_lobby.left.connect(_on_lobby_left)
	var saved := _saved_session()
	is_resumed = not saved.is_empty()
	if is_resumed:
		_lobby.resume(saved)
	elif _options.is_host:
		_lobby.host()
	elif _options.join_text:
		_lobby.join(_options.join_text)


## Returns the session of a process that was killed, empty when there is none; keeps its own from
## now on.
func _saved_session() -> String:
	if not _options.session_file:
		return ""
	var saved := FileAccess.get_file_as_string(_options.session_file)
	var timer := Timer.new()
	timer.timeout.connect(_keep_session)
	add_child(timer)
	timer.start(_KEEP_EVERY)
	return saved


## Replaces the file as a whole, once there is a session: this process may be killed at any time.
func _keep_session() -> void:
	var saved := _packhorse.get_saved_session()
	var next := _options.session_file + ".next"
	var file := FileAccess.open(next, FileAccess.WRITE) if saved else null
	if file == null or not file.store_string(saved):
		return
	file.close()
	DirAccess.rename_absolute(next, _options.session_file)


func _start_enet() -> void:
	_lobby.hide()
	multiplayer.connected_to_server.connect(func() -> void: entered.emit(_options.join_text))
	multiplayer.connection_failed.connect(_stop_enet.bind("The host does not answer."))
	multiplayer.server_disconnected.connect(_stop_enet.bind("The host has gone."))
	multiplayer.multiplayer_peer = _create_enet_peer()
	if _options.is_host:
		entered.emit.call_deferred("port %d" % _options.port)


func _stop_enet(why: String) -> void:
	multiplayer.multiplayer_peer.close()
	multiplayer.multiplayer_peer = OfflineMultiplayerPeer.new()
	left.emit(why)


func _create_enet_peer() -> ENetMultiplayerPeer:
	var peer := ENetMultiplayerPeer.new()
	var error := OK
	if _options.is_host:
		error = peer.create_server(_options.port, _MAX_PLAYERS - 1)
	else:
		error = peer.create_client(_options.join_text, _options.port)
	if error != OK:
		left.emit.call_deferred(error_string(error))
	return peer


func _on_lobby_left(error: PackhorseError) -> void:
	if _options.session_file and (error == null or error.name in _FINAL):
		DirAccess.remove_absolute(_options.session_file)
	left.emit("" if error == null else PackhorseLobby.words_of(error))


func _on_packhorse_relay_draining(seconds: float) -> void:
	noticed.emit("The relay stops in %.0f s at most" % seconds)


func _on_packhorse_peer_lost(player: int) -> void:
	noticed.emit("No word from player %d" % player)
