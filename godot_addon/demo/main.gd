extends Node
## Parcel Rush: a small arena for 2 to 8 players, the demo of Packhorse.
##
## Start it twice, host in one window and join in the other; or see launch_options.gd.

const Arena := preload("arena.gd")
const Bot := preload("bot.gd")
const Connection := preload("connection.gd")
const Hud := preload("hud.gd")
const LaunchOptions := preload("launch_options.gd")
const Palette := preload("palette.gd")
const Player := preload("player.gd")
const Report := preload("report.gd")

const _BOT_FRAMES := 60  # per second
const _BOT_LOSS := 0.05  # of the datagrams, with --delay
const _GREET_AFTER := 2.0  # seconds, by which a newcomer knows all players
const _AWAY := 1.0  # seconds that a player stays away before coming back
const _LONGEST_SHAKE := 14.0  # pixels

## What the command line says after [code]--[/code].
var arguments := OS.get_cmdline_user_args()

var _options: LaunchOptions
var _bot: Bot = null
var _shake := 0.0  # pixels

@onready var _arena: Arena = $Arena
@onready var _camera: Camera2D = $Camera
@onready var _connection: Connection = $Connection
@onready var _hud: Hud = $Screen/Hud
@onready var _lobby: PackhorseLobby = $Screen/Center/Start/Lobby
@onready var _report: Report = $Report
@onready var _title: Label = $Screen/Center/Start/Title


func _ready() -> void:
	_options = LaunchOptions.parse(arguments)
	if _options.problem:
		printerr(_options.problem, "\n", LaunchOptions.USAGE)
		get_tree().quit(2)
		return
	_lobby.relay = _options.relay
	_lobby.player_name = _options.player_name
	_arena.my_seat = Crypto.new().generate_random_bytes(8).hex_encode()
	_arena.referee.goal = _options.goal
	_connect_signals()
	if _options.is_bot:
		_become_bot()
	if _options.uses_enet:
		_hud.hide_network()
	if _options.seconds > 0.0:
		get_tree().create_timer(_options.seconds).timeout.connect(get_tree().quit)
	_lobby.visibility_changed.connect(_show_title)
	_connection.start(_options, _lobby)


func _process(delta: float) -> void:
	_shake = lerpf(_shake, 0.0, minf(1.0, 9.0 * delta))
	_camera.offset = Vector2(randf_range(-1.0, 1.0), randf_range(-1.0, 1.0)) * _shake
	if not multiplayer.is_server():
		_hud.show_rtt(_connection.rtt_to(1))


func _physics_process(_delta: float) -> void:
	var mine := _arena.player_of(multiplayer.get_unique_id())
	if mine == null:
		return
	if _bot != null:
		_steer_bot(mine)
	elif _hud.is_typing() or _lobby.visible:
		mine.wish = Vector2.ZERO
	else:
		mine.wish = _keys()


func _unhandled_input(event: InputEvent) -> void:
	var mine := _arena.player_of(multiplayer.get_unique_id())
	if mine == null or _bot != null:
		return
	if event.is_action_pressed(&"ui_cancel") and not _options.uses_enet:
		_lobby.visible = not _lobby.visible
	elif event.is_action_pressed(&"ui_select") and not _lobby.visible:
		mine.dash()


func _connect_signals() -> void:
	multiplayer.connected_to_server.connect(_on_multiplayer_connected_to_server)
	_connection.entered.connect(_on_connection_entered)
	_connection.left.connect(_on_connection_left)
	_connection.noticed.connect(_on_connection_noticed)
	_arena.player_added.connect(_hud.add_player)
	_arena.player_removed.connect(_hud.remove_player)
	_arena.said.connect(_on_arena_said)
	_arena.host_restarted.connect(_go_and_come_back)
	_arena.round_told.connect(_on_arena_round_told)
	_arena.shaken.connect(_on_arena_shaken)
	_hud.line_typed.connect(func(text: String) -> void: _arena.say.rpc(text))
	_hud.network_changed.connect(_connection.simulate_network)


func _show_title() -> void:
	_title.visible = _lobby.visible


func _become_bot() -> void:
	_bot = Bot.new()
	if DisplayServer.get_name() == "headless":
		Engine.max_fps = _BOT_FRAMES
	_report.watch(_arena)
	_greet_newcomers()


func _go_and_come_back() -> void:
	_connection.leave()
	await get_tree().create_timer(_AWAY).timeout
	_connection.rejoin()


## The name is what the lobby's field holds when connecting begins.
func _take_name() -> void:
	_arena.my_name = _lobby.player_name if _lobby.player_name else "Player"


func _steer_bot(mine: Player) -> void:
	var places: Array[Vector2] = []
	for parcel in _arena.parcels():
		places.append(parcel.position)
	mine.wish = _bot.wish(mine.position, places, Time.get_ticks_msec() / 1000.0)
	if _bot.wants_dash():
		mine.dash()


func _keys() -> Vector2:
	var wish := Input.get_vector(&"ui_left", &"ui_right", &"ui_up", &"ui_down")
	if Input.is_physical_key_pressed(KEY_A):
		wish.x -= 1.0
	if Input.is_physical_key_pressed(KEY_D):
		wish.x += 1.0
	if Input.is_physical_key_pressed(KEY_W):
		wish.y -= 1.0
	if Input.is_physical_key_pressed(KEY_S):
		wish.y += 1.0
	return wish.limit_length(1.0)


func _on_multiplayer_connected_to_server() -> void:
	_take_name()
	_arena.enter()


func _on_connection_entered(code: String) -> void:
	_hud.show_code(code)
	if _options.delay > 0.0:
		_connection.simulate_network(_options.delay, _BOT_LOSS)
	if multiplayer.is_server():
		_take_name()
		if _connection.is_resumed:
			_arena.open_again()
		else:
			_arena.open()
	if _bot != null:
		_report.tell(&"entered", {"code": code, "id": multiplayer.get_unique_id()})
		_plan_to_leave()


## Lets a bot leave once, some time after it has entered.
func _plan_to_leave() -> void:
	if _options.rejoin_after > 0.0:
		get_tree().create_timer(_options.rejoin_after).timeout.connect(_go_and_come_back)
	_options.rejoin_after = 0.0


## Greets everybody, and again when somebody is new, who did not hear it before.
func _greet_newcomers() -> void:
	var timer := Timer.new()
	timer.one_shot = true
	timer.wait_time = _GREET_AFTER
	timer.timeout.connect(_greet)
	add_child(timer)
	_arena.player_added.connect(timer.start.unbind(1))


func _greet() -> void:
	if _arena.player_of(multiplayer.get_unique_id()) != null:
		_arena.say.rpc("Good luck from %s!" % _arena.my_name)


func _on_connection_left(why: String) -> void:
	_arena.close()
	_hud.hide()
	if _bot != null:
		_report.tell(&"left", {"why": why})
	elif _options.uses_enet:
		printerr(why)
		get_tree().quit(1)


func _on_connection_noticed(text: String) -> void:
	_hud.add_line(text, Palette.WARNING)
	if _bot != null:
		_report.tell(&"noticed", {"text": text})


func _on_arena_said(player: Player, text: String) -> void:
	_hud.add_line("%s: %s" % [player.player_name, text], Palette.coat(player.coat))


func _on_arena_round_told(number: int, goal: int, winner: String) -> void:
	if winner:
		_hud.announce("%s wins!" % winner, "The next round begins soon", Palette.GOLD, 4.0)
	else:
		_hud.announce("Round %d" % number, "First to %d parcels" % goal, Palette.PAPER, 1.2)


func _on_arena_shaken(_place: Vector2, strength: float) -> void:
	_shake = minf(_shake + strength, _LONGEST_SHAKE)
