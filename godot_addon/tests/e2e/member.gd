extends SceneTree
## A game for the end-to-end tests: does what it is told over TCP, tells what happens on stdout.
##
## [codeblock]
## godot --headless --path godot_addon -s res://tests/e2e/member.gd -- --control PORT
## [/codeblock]
## Commands come from 127.0.0.1 as JSON lines, for example {"do": "create", "relay": "127.0.0.1"};
## events go out as JSON lines. Whoever starts it has to end it, or close the connection.

const Game := preload("game.gd")

const FRAMES_PER_SECOND := 100

var _control := StreamPeerTCP.new()
var _received := ""
var _game: Game


func _initialize() -> void:
	Engine.max_fps = FRAMES_PER_SECOND
	var arguments := OS.get_cmdline_user_args()
	if arguments.size() != 2 or arguments[0] != "--control":
		printerr("member.gd: needs --control PORT")
		quit(2)
		return
	_control.connect_to_host("127.0.0.1", arguments[1].to_int())
	_game = Game.new()
	_game.name = "Game"
	root.add_child(_game)


func _process(_delta: float) -> bool:
	_control.poll()
	match _control.get_status():
		StreamPeerTCP.STATUS_CONNECTED:
			_read_commands()
			return false
		StreamPeerTCP.STATUS_CONNECTING:
			return false
	return true  # whoever started this has gone


func _read_commands() -> void:
	var count := _control.get_available_bytes()
	if count > 0:
		_received += _control.get_utf8_string(count)
	while "\n" in _received:
		var line := _received.get_slice("\n", 0)
		_received = _received.substr(line.length() + 1)
		var command: Dictionary = JSON.parse_string(line)
		if command["do"] == "quit":
			quit(0)
		else:
			_game.obey(command)
