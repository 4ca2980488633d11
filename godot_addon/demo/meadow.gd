extends Node2D
## Grass, stones and flowers on the ground; the same on every screen.

const Palette := preload("palette.gd")
const Player := preload("player.gd")

const _SEED := 6969
const _TUFTS := 90
const _FLOWERS := 46
const _STONES := 16


func _draw() -> void:
	var random := RandomNumberGenerator.new()
	random.seed = _SEED
	for _index in _STONES:
		_draw_stone(_place(random), random.randf_range(3.0, 7.0))
	for _index in _TUFTS:
		_draw_tuft(_place(random), random.randf_range(5.0, 10.0))
	for _index in _FLOWERS:
		_draw_flower(_place(random), Palette.coat(random.randi()))


func _place(random: RandomNumberGenerator) -> Vector2:
	var field := Player.FIELD
	return field.position + Vector2(random.randf(), random.randf()) * field.size


func _draw_tuft(place: Vector2, height: float) -> void:
	var tint := Color(0.42, 0.44, 0.78, 0.42)
	for lean: float in [-0.55, 0.0, 0.55]:
		draw_line(place, place + Vector2(lean, -1.0) * height, tint, 2.0, true)


func _draw_flower(place: Vector2, tint: Color) -> void:
	for petal in 5:
		var offset := Vector2.from_angle(TAU * petal / 5.0) * 2.8
		draw_circle(place + offset, 2.0, Color(tint, 0.34), true, -1.0, true)
	draw_circle(place, 1.5, Color(Palette.PAPER, 0.5), true, -1.0, true)


func _draw_stone(place: Vector2, radius: float) -> void:
	draw_set_transform(place, 0.0, Vector2(1.5, 1.0))
	draw_circle(Vector2(0, 1.5), radius, Color(Palette.INK, 0.35), true, -1.0, true)
	draw_circle(Vector2.ZERO, radius, Color(0.30, 0.29, 0.52, 0.8), true, -1.0, true)
	draw_set_transform(Vector2.ZERO)
