@tool
extends Control
## A small sign that shows how a stage ended.

const Finding := preload("../core/doctor/finding.gd")

const COLORS: Dictionary[Finding.Result, Color] = {
	Finding.Result.PASSED: Color(0.35, 0.8, 0.45),
	Finding.Result.WARNING: Color(0.95, 0.75, 0.25),
	Finding.Result.FAILED: Color(0.95, 0.4, 0.4),
	Finding.Result.SKIPPED: Color(0.55, 0.55, 0.6),
}
const _SIZE := 16.0  # pixels at a scale of 1
const _WIDTH := 2.0  # pixels, of lines
const _TICK: Array[Vector2] = [Vector2(0.15, 0.55), Vector2(0.4, 0.8), Vector2(0.85, 0.25)]

var _result := Finding.Result.SKIPPED
var _is_waiting := true


func _init() -> void:
	size_flags_vertical = Control.SIZE_SHRINK_BEGIN


func _ready() -> void:
	custom_minimum_size.x = _SIZE * get_theme_default_base_scale()


## Shows how the stage ended.
func show_result(result: Finding.Result) -> void:
	_is_waiting = false
	_result = result
	queue_redraw()


## Shows that the stage has not ended.
func show_waiting() -> void:
	_is_waiting = true
	queue_redraw()


func _draw() -> void:
	if _is_waiting:
		draw_circle(_at(0.5, 0.5), 1.5 * _width(), COLORS[Finding.Result.SKIPPED], true, -1.0, true)
		return
	var color := COLORS[_result]
	match _result:
		Finding.Result.PASSED:
			_line(_TICK, color)
		Finding.Result.WARNING:
			_line([Vector2(0.5, 0.1), Vector2(0.5, 0.6)], color)
			draw_circle(_at(0.5, 0.85), _width() * 0.75, color, true, -1.0, true)
		Finding.Result.FAILED:
			_line([Vector2(0.2, 0.2), Vector2(0.8, 0.8)], color)
			_line([Vector2(0.2, 0.8), Vector2(0.8, 0.2)], color)
		Finding.Result.SKIPPED:
			_line([Vector2(0.25, 0.5), Vector2(0.75, 0.5)], color)


func _line(points: Array[Vector2], color: Color) -> void:
	var line := PackedVector2Array()
	for point in points:
		line.append(_at(point.x, point.y))
	draw_polyline(line, color, _width(), true)


func _at(x: float, y: float) -> Vector2:
	return Vector2(x * size.x, y * size.x + (size.y - size.x) / 2.0)


func _width() -> float:
	return _WIDTH * size.x / _SIZE
