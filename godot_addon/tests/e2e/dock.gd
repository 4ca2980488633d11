extends SceneTree
## Lets the dock test the relay that is named and prints what it found as JSON, and the longest
## frame in seconds. With the path of a PNG file behind it, saves a picture.

const RelayDock := preload("res://addons/packhorse/editor/relay_dock.gd")
const Screenshot := preload("../support/screenshot.gd")

const _FIRST_FRAMES := 3  # in which the engine starts

var _dock := RelayDock.new()
var _frames := 0
var _longest := 0.0


func _initialize() -> void:
	var background := ColorRect.new()
	background.color = Color(0.13, 0.14, 0.17)
	background.set_anchors_preset(Control.PRESET_FULL_RECT)
	root.add_child(background)
	_dock.set_anchors_preset(Control.PRESET_FULL_RECT)
	root.add_child(_dock)
	_dock.test_ended.connect(_on_dock_test_ended)


func _process(delta: float) -> bool:
	_frames += 1
	if _frames == _FIRST_FRAMES:
		_dock.test(OS.get_cmdline_user_args()[0])
	elif _frames > _FIRST_FRAMES:
		_longest = maxf(_longest, delta)
	return false


func _on_dock_test_ended(verdict: String) -> void:
	var found: Array[Dictionary] = []
	for finding in _dock.findings():
		(
			found
			. append(
				{
					"stage": finding.TITLES[finding.stage],
					"result": finding.Result.keys()[finding.result],
					"words": finding.words,
					"advice": finding.advice,
				}
			)
		)
	print(JSON.stringify({"verdict": verdict, "findings": found, "longest": _longest}))
	var arguments := OS.get_cmdline_user_args()
	if arguments.size() > 1:
		await Screenshot.save(root, arguments[1])
	quit()
