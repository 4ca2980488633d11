extends Node2D
## Something to carry away; the host makes it and decides who has it.

const Palette := preload("palette.gd")

const RADIUS := 13.0  # pixels
const GOLDEN_VALUE := 3

var value := 1  ## What it adds to a score.

var _age := randf() * TAU  # seconds
var _box := StyleBoxFlat.new()
var _shadow := StyleBoxFlat.new()


func _ready() -> void:
	_box.bg_color = Palette.GOLD if is_golden() else Palette.KRAFT
	_box.border_color = Palette.INK
	_box.set_border_width_all(2)
	_box.set_corner_radius_all(4)
	_shadow.bg_color = Color(Palette.INK, 0.4)
	_shadow.set_corner_radius_all(10)
	var glow: Sprite2D = $Glow
	glow.modulate = Palette.GOLD if is_golden() else Color(Palette.KRAFT, 0.45)
	scale = Vector2.ZERO
	create_tween().set_trans(Tween.TRANS_BACK).set_ease(Tween.EASE_OUT).tween_property(
		self, ^"scale", Vector2.ONE, 0.35
	)


func _process(delta: float) -> void:
	_age += delta
	queue_redraw()


## Tells whether it counts more than others.
func is_golden() -> bool:
	return value >= GOLDEN_VALUE


func _draw() -> void:
	var lift := 3.0 + sin(_age * 2.4) * 2.5
	draw_style_box(_shadow, Rect2(-11 + lift * 0.3, 8, 22 - lift * 0.6, 8))
	draw_set_transform(Vector2(0, -lift), sin(_age * 1.7) * 0.08)
	draw_style_box(_box, Rect2(-12, -12, 24, 24))
	var ribbon := Palette.PAPER if is_golden() else Palette.RIBBON
	draw_rect(Rect2(-2, -10, 4, 20), ribbon)
	draw_rect(Rect2(-10, -2, 20, 4), ribbon)
	for side: float in [-1.0, 1.0]:
		_draw_bow(side, ribbon)
	draw_circle(Vector2(0, -12), 3.2, ribbon.darkened(0.15), true, -1.0, true)


func _draw_bow(side: float, ribbon: Color) -> void:
	var points := PackedVector2Array(
		[Vector2(0, -12), Vector2(side * 11.0, -18.0), Vector2(side * 12.0, -8.5)]
	)
	draw_colored_polygon(points, ribbon)
	points.append(points[0])
	draw_polyline(points, Palette.INK, 1.2, true)
