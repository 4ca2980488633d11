extends SceneTree
## Draws the overlay and the debugger's tab for a made-up game, and saves pictures of both:
## [code]-- OVERLAY.png TAB.png[/code]. Says of each whether the line of what was sent is there.

const History := preload("res://addons/packhorse/core/monitoring/history.gd")
const OverlayPanel := preload("res://addons/packhorse/nodes/overlay_panel.gd")
const PeersTab := preload("res://addons/packhorse/editor/peers_tab.gd")
const Report := preload("res://addons/packhorse/core/monitoring/report.gd")
const RoomHistory := preload("res://addons/packhorse/core/monitoring/room_history.gd")
const Screenshot := preload("../support/screenshot.gd")

const _SENT := Color(0.95, 0.7, 0.35)
const _PEERS := 5
const _STEPS := 100
const _STEP := 0.5  # seconds

var _random := RandomNumberGenerator.new()
var _totals: Array[float] = [0.0, 0.0]


func _initialize() -> void:
	_random.seed = 7
	_show(OS.get_cmdline_user_args())


func _show(paths: PackedStringArray) -> void:
	_add_background(Color(0.32, 0.45, 0.38))
	var panel := OverlayPanel.new()
	panel.history = RoomHistory.new()
	root.add_child(panel)
	var tab := PeersTab.new()
	for step in _STEPS:
		var report := _report(step)
		panel.history.add(report, step * _STEP)
		tab.take_report([1, step * _STEP, report.to_values()])
	var error := await Screenshot.save(root, paths[0])
	print("overlay %d, lines %s" % [error, _has_line(paths[0])])
	panel.queue_free()
	_add_background(Color(0.13, 0.14, 0.17))
	tab.set_anchors_preset(Control.PRESET_FULL_RECT)
	root.add_child(tab)
	error = await Screenshot.save(root, paths[1])
	print("tab %d, lines %s" % [error, _has_line(paths[1])])
	quit()


## Tells whether a pixel has about the colour of the graphs of what was sent.
func _has_line(path: String) -> bool:
	var image := Image.load_from_file(path)
	for y in 300:
		for x in range(200, 700):
			var pixel := image.get_pixel(x, y)
			if pixel.r > 0.85 and absf(pixel.g - _SENT.g) < 0.1 and absf(pixel.b - _SENT.b) < 0.1:
				return true
	return false


func _add_background(color: Color) -> void:
	var background := ColorRect.new()
	background.color = color
	background.set_anchors_preset(Control.PRESET_FULL_RECT)
	root.add_child(background)


func _report(step: int) -> Report:
	_totals[0] += _random.randf_range(3000.0, 5200.0) * _STEP
	_totals[1] += _random.randf_range(9000.0, 21000.0) * _STEP
	var report := Report.new()
	report.room_code = "K7QM-2XPA"
	report.peer_id = 1
	report.statistics = _statistics(0.021, 1.0)
	for peer in range(2, 2 + _PEERS):
		report.peers[peer] = _statistics(0.035 * peer, 1.0 / _PEERS)
		report.peers[peer][&"loss"] = 0.012 * (peer - 2)
	report.peers[4][&"queued_bytes"] = 1400.0 * (step % 30)
	return report


func _statistics(rtt: float, share: float) -> Dictionary[StringName, float]:
	return {
		&"rtt": rtt + _random.randf_range(0.0, 0.015),
		&"jitter": 0.002 + _random.randf_range(0.0, 0.004),
		&"queued_bytes": 0.0,
		&"wire_bytes_sent": _totals[0] * share,
		&"wire_bytes_received": _totals[1] * share,
	}
