@tool
extends Control
## A small graph of one series: the newest value on the right, 0 at the bottom.

const Series := preload("../core/monitoring/series.gd")

const _FILL := 0.25  # opacity below the line
const _HEADROOM := 1.1  # of the largest value
const _BACKGROUND := Color(0.5, 0.5, 0.5, 0.12)

var color := Color.WHITE
## What is drawn; null draws nothing.
var series: Series = null
## The value that reaches the top, if no value is larger.
var least_top := 1.0
## Values that fit from left to right.
var capacity := 120


func _draw() -> void:
	paint(self, Rect2(Vector2.ZERO, size), series, color, least_top, capacity)


## Draws a graph on [param canvas] within [param area].
static func paint(
	canvas: CanvasItem, area: Rect2, data: Series, line: Color, top: float, places: int
) -> void:
	canvas.draw_rect(area, _BACKGROUND)
	if data == null or data.values.size() < 2:
		return
	var count := data.values.size()
	var highest := maxf(top, data.largest()) * _HEADROOM
	var points := PackedVector2Array()
	for index in count:
		var x := area.end.x - area.size.x * (count - 1 - index) / (places - 1)
		var y := area.end.y - area.size.y * data.values[index] / highest
		points.append(Vector2(x, y))
	for index in count - 1:
		_fill(canvas, points[index], points[index + 1], area.end.y, Color(line, _FILL))
	canvas.draw_polyline(points, line, 1.0, true)


## Fills below one piece of the line; a polygon of the whole would be cut into triangles each time.
static func _fill(
	canvas: CanvasItem, from: Vector2, to: Vector2, bottom: float, fill: Color
) -> void:
	var corners := PackedVector2Array([from, to, Vector2(to.x, bottom), Vector2(from.x, bottom)])
	canvas.draw_primitive(corners, [fill, fill, fill, fill], PackedVector2Array())
