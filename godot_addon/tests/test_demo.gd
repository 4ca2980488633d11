extends "res://tests/test_case.gd"
## The parts of the demo that can be tested without a network.

const Bot := preload("res://demo/bot.gd")
const DemoTheme := preload("res://demo/theme.tres")
const LaunchOptions := preload("res://demo/launch_options.gd")
const Snapshots := preload("res://demo/snapshots.gd")

const _STEP := 1.0 / 30.0  # seconds between two snapshots


func test_switch_has_a_track_that_is_seen_when_it_is_off_and_when_it_is_on() -> void:
	var panel := DemoTheme.get_stylebox(&"panel", &"PanelContainer") as StyleBoxFlat
	for icon: StringName in [&"checked", &"unchecked"]:
		assert_true(DemoTheme.has_icon(icon, &"CheckButton"), "%s has a picture" % icon)
		var image := DemoTheme.get_icon(icon, &"CheckButton").get_image()
		var edge := image.get_pixel(image.get_width() / 2, 1)
		var contrast := edge.get_luminance() - panel.bg_color.get_luminance()
		assert_true(edge.a > 0.9 and contrast > 0.2, "%s: track %s" % [icon, edge])


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
