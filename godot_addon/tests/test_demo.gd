extends "res://tests/test_case.gd"
## The parts of the demo that can be tested without a network.

const Arena := preload("res://demo/arena.gd")
const Bot := preload("res://demo/bot.gd")
const Connection := preload("res://demo/connection.gd")
const Constants := preload("res://addons/packhorse/wire/constants.gd")
const DemoTheme := preload("res://demo/theme.tres")
const Hud := preload("res://demo/hud.gd")
const HudScene := preload("res://demo/hud.tscn")
const LaunchOptions := preload("res://demo/launch_options.gd")
const Main := preload("res://demo/main.gd")
const MainScene := preload("res://demo/main.tscn")
const Palette := preload("res://demo/palette.gd")
const Player := preload("res://demo/player.gd")
const PlayerScene := preload("res://demo/player.tscn")
const Snapshots := preload("res://demo/snapshots.gd")
const UdpRelay := preload("res://tests/support/udp_relay.gd")

const _STEP := 1.0 / 30.0  # seconds between two snapshots


func test_switch_has_a_track_that_is_seen_when_it_is_off_and_when_it_is_on() -> void:
	var panel := DemoTheme.get_stylebox(&"panel", &"PanelContainer") as StyleBoxFlat
	for icon: StringName in [&"checked", &"unchecked"]:
		assert_true(DemoTheme.has_icon(icon, &"CheckButton"), "%s has a picture" % icon)
		var image := DemoTheme.get_icon(icon, &"CheckButton").get_image()
		var edge := image.get_pixel(image.get_width() / 2, 1)
		var contrast := edge.get_luminance() - panel.bg_color.get_luminance()
		assert_true(edge.a > 0.9 and contrast > 0.2, "%s: track %s" % [icon, edge])


func test_kept_session_outlives_a_relay_that_does_not_answer_but_not_the_room() -> void:
	var connection := Connection.new()
	connection._options = LaunchOptions.new()
	connection._options.session_file = "user://kept_session"
	connection._packhorse = PackhorseMultiplayerPeer.new()
	FileAccess.open("user://kept_session", FileAccess.WRITE).store_string("kept")

	connection._keep_session()
	connection._on_lobby_left(PackhorseError.from_code(PackhorseError.Code.NO_ANSWER))
	assert_eq(FileAccess.get_file_as_string("user://kept_session"), "kept", "session")
	connection._on_lobby_left(PackhorseError.from_code(Constants.ErrorCode.ROOM_CLOSED))
	assert_true(not FileAccess.file_exists("user://kept_session"), "the room is over")
	connection.free()


func test_eight_long_names_leave_room_for_the_code() -> void:
	var hud: Hud = HudScene.instantiate()
	tree.root.add_child(hud)
	var players: Array[Player] = []
	for coat in Palette.COATS.size():
		players.append(_player("W".repeat(16), coat))
		hud.add_player(players[coat])
	hud.show_code("WWWW-WWWW")
	hud.show_rtt(0.999)

	var line: Control = hud.get_node("TopLine")
	assert_true(line.get_combined_minimum_size().x <= 1200.0, str(line.get_combined_minimum_size()))
	hud.free()
	for player in players:
		player.free()


func test_room_has_a_place_for_each_coat_and_no_more() -> void:
	var main := MainScene.instantiate()
	var lobby: PackhorseLobby = main.get_node("Screen/Center/Start/Lobby")

	assert_eq(lobby.options.max_peers, Palette.COATS.size(), "places")
	main.free()


func test_game_that_ends_while_the_others_come_back_is_not_opened_again() -> void:
	var relay := UdpRelay.new()
	relay.grant_changes = {&"peer": 1, &"rev": 2}
	var main: Main = MainScene.instantiate()
	main.arguments = PackedStringArray(["--host", "--relay", relay.address()])
	tree.root.add_child(main)
	var connection: Connection = main.get_node("Connection")
	var arena: Arena = main.get_node("Arena")
	connection.is_resumed = true
	await _until(func() -> bool: return not main.multiplayer.get_peers().is_empty(), relay)

	relay.send(relay.relay.seal(Constants.MessageType.CLOSED, {&"code": 401}))
	await _until(func() -> bool: return main.multiplayer.get_peers().is_empty(), relay)
	for _frame in 5:
		await tree.process_frame

	assert_eq(arena.players().size(), 0, "players of a game without a room")
	main.multiplayer.multiplayer_peer = OfflineMultiplayerPeer.new()
	main.free()


func test_name_stays_in_sight_at_the_fence() -> void:
	var player := _player("W".repeat(16), 0)
	var label: Label = player.get_node("NameLabel")
	for corner: Vector2 in [Player.FIELD.position, Player.FIELD.end]:
		player.position = corner
		await tree.process_frame
		await tree.process_frame
		var box := Rect2(player.position + label.position, label.size)
		assert_true(Rect2(0, 60, 1280, 660).encloses(box), "%s at %s" % [box, corner])
	player.free()


func test_place_moves_evenly_though_snapshots_come_unevenly() -> void:
	var snapshots := Snapshots.new()
	var jitter: Array[float] = [0.0, 0.03, 0.01, 0.05, 0.0, 0.04]
	var shown: Array[float] = []
	for index in 60:
		var sent_at := index * _STEP
		var now := sent_at + 0.08 + jitter[index % jitter.size()]
		snapshots.add(sent_at, Vector2(sent_at * 300.0, 0), Vector2(300, 0), now)
	for frame in 10:
		shown.append(snapshots.place_at(59 * _STEP + 0.09 + frame / 120.0).x)

	for index in range(1, shown.size()):
		assert_true(absf(shown[index] - shown[index - 1] - 2.5) < 0.01, "step %d" % index)


func test_old_and_doubled_snapshots_are_left_out() -> void:
	var snapshots := Snapshots.new()
	snapshots.add(1.0, Vector2(10, 0), Vector2.ZERO, 1.0)
	snapshots.add(1.0, Vector2(99, 0), Vector2.ZERO, 1.0)
	snapshots.add(0.5, Vector2(99, 0), Vector2.ZERO, 1.0)

	assert_eq(snapshots.place_at(5.0), Vector2(10, 0), "place")


func test_place_goes_on_for_a_moment_when_nothing_comes() -> void:
	var snapshots := Snapshots.new()
	snapshots.add(0.0, Vector2.ZERO, Vector2(100, 0), 0.0)
	snapshots.add(_STEP, Vector2(100 * _STEP, 0), Vector2(100, 0), _STEP)

	var soon := snapshots.place_at(_STEP + Snapshots.DELAY + 0.1).x
	var late := snapshots.place_at(60.0).x

	assert_true(absf(soon - 100 * (_STEP + 0.1)) < 0.5, "goes on")
	assert_true(late < 100 * (_STEP + 0.2), "and stops")


func test_numbers_that_are_none_are_left_out() -> void:
	var snapshots := Snapshots.new()

	snapshots.add(NAN, Vector2.ZERO, Vector2.ZERO, 0.0)
	snapshots.add(0.0, Vector2(INF, 0), Vector2.ZERO, 0.0)
	snapshots.add(0.0, Vector2.ZERO, Vector2(0, NAN), 0.0)

	assert_true(snapshots.is_empty(), "empty")


func test_player_that_jumps_is_not_drawn_on_the_way() -> void:
	var snapshots := Snapshots.new()
	snapshots.add(0.0, Vector2.ZERO, Vector2.ZERO, 0.0)
	snapshots.add(_STEP, Vector2(900, 0), Vector2.ZERO, _STEP)

	assert_eq(snapshots.place_at(_STEP), Vector2(900, 0), "place")


func test_command_line_is_read() -> void:
	var options := LaunchOptions.parse(
		PackedStringArray(["--bot", "--join", "K7QM-2XPA", "--relay", "::1", "--seconds", "2.5"])
	)

	assert_eq(options.problem, "", "problem")
	assert_true(options.is_bot and not options.is_host and not options.uses_enet, "flags")
	assert_eq([options.join_text, options.relay, options.seconds], ["K7QM-2XPA", "::1", 2.5], "")


func test_command_line_that_cannot_be_read_is_refused() -> void:
	for line: String in ["--what", "--goal x", "--goal 0", "--join", "--host --join X"]:
		var options := LaunchOptions.parse(line.split(" "))
		assert_true(not options.problem.is_empty(), line)


func test_bot_goes_towards_a_parcel_and_rests_without_one() -> void:
	var bot := Bot.new()
	var parcels: Array[Vector2] = [Vector2(100, 0)]
	var none: Array[Vector2] = []

	assert_true(bot.wish(Vector2.ZERO, parcels, 0.0).x > 0.8, "towards it")
	assert_eq(bot.wish(Vector2.ZERO, none, 0.0), Vector2.ZERO, "rests")


func _player(player_name: String, coat: int) -> Player:
	var player: Player = PlayerScene.instantiate()
	player.player_name = player_name
	player.coat = coat
	tree.root.add_child(player)
	return player


func _until(condition: Callable, relay: UdpRelay) -> void:
	while not condition.call():
		relay.poll()
		await tree.process_frame
