extends Node2D
## Draws a small horse with two parcels, seen from above, heading along positive x.

const Palette := preload("palette.gd")

const _TURN := 14.0  # how quickly it turns; 1 / seconds
const _SIZE := 1.2
const _GALLOP := 0.055  # phase by pixel

var coat := Color.WHITE

var _gallop := 0.0
var _stretch := 1.0
var _body := StyleBoxFlat.new()
var _parcel := StyleBoxFlat.new()


func _ready() -> void:
	for box: StyleBoxFlat in [_body, _parcel]:
		box.border_color = Palette.INK
		box.set_border_width_all(2)
		box.anti_aliasing_size = 0.8
	_parcel.bg_color = Palette.KRAFT
	_parcel.set_corner_radius_all(3)


## Turns and gallops as fast as [param velocity] in pixels a second says.
func animate(velocity: Vector2, is_dashing: bool, delta: float) -> void:
	if velocity.length() > 20.0:
		rotation = rotate_toward(rotation, velocity.angle(), _TURN * delta)
		_gallop += velocity.length() * delta * _GALLOP
	var wanted := 1.28 if is_dashing else 1.0
	_stretch = lerpf(_stretch, wanted, minf(1.0, 18.0 * delta))
	scale = Vector2(_stretch, 1.0 / _stretch) * _SIZE
	queue_redraw()


func _draw() -> void:
	_draw_tail()
	_draw_hooves()
	_draw_box(Rect2(-21, -11.5, 40, 23), coat, 11)
	_draw_parcels()
	_draw_head()


func _draw_tail() -> void:
	var sway := sin(_gallop * 0.9) * 5.0
	var points := PackedVector2Array(
		[Vector2(-19, 0), Vector2(-26, sway * 0.5), Vector2(-33, sway), Vector2(-38, sway * 1.6)]
	)
	draw_polyline(points, Palette.INK, 7.5, true)
	draw_polyline(points, coat.darkened(0.4), 4.0, true)


func _draw_hooves() -> void:
	for index in 4:
		var swing := sin(_gallop + PI * float(index % 2) + (PI if index > 1 else 0.0)) * 4.5
		var x := 11.0 if index < 2 else -12.0
		var y := 11.5 if index % 2 == 0 else -11.5
		draw_circle(Vector2(x + swing, y), 4.5, Palette.INK, true, -1.0, true)


func _draw_parcels() -> void:
	var size := 13.0
	for side: float in [-1.0, 1.0]:
		var rect := Rect2(-7 - size * 0.5, side * 9.0 - size * 0.5, size, size)
		draw_style_box(_parcel, rect)
		var middle := rect.get_center()
		draw_line(
			Vector2(middle.x, rect.position.y + 2),
			Vector2(middle.x, rect.end.y - 2),
			Palette.RIBBON,
			2.5
		)
	draw_line(Vector2(-7, -3), Vector2(-7, 3), Palette.INK, 3.0, true)


func _draw_head() -> void:
	var nod := sin(_gallop * 2.0) * 1.2
	var crest := coat.darkened(0.4)
	for side: float in [-1.0, 1.0]:
		_draw_ear(Vector2(18 + nod, side * 6.0), side)
	_draw_box(Rect2(12 + nod, -8, 25, 16), coat.lightened(0.12), 8)
	draw_circle(Vector2(33 + nod, 0), 6.0, coat.lightened(0.5), true, -1.0, true)
	for side: float in [-1.0, 1.0]:
		draw_circle(Vector2(26.5 + nod, side * 5.2), 2.9, Palette.PAPER, true, -1.0, true)
		draw_circle(Vector2(27.4 + nod, side * 5.4), 1.7, Palette.INK, true, -1.0, true)
	draw_line(Vector2(6, 0), Vector2(22 + nod, 0), crest, 6.0, true)
	draw_circle(Vector2(22 + nod, 0), 3.0, crest, true, -1.0, true)


func _draw_ear(root: Vector2, side: float) -> void:
	var points := PackedVector2Array(
		[root + Vector2(-4, 0), root + Vector2(-5, side * 8.0), root + Vector2(4, side * 1.0)]
	)
	draw_colored_polygon(points, coat.darkened(0.15))
	points.append(points[0])
	draw_polyline(points, Palette.INK, 1.8, true)


func _draw_box(rect: Rect2, color: Color, radius: int) -> void:
	_body.bg_color = color
	_body.set_corner_radius_all(radius)
	draw_style_box(_body, rect)
