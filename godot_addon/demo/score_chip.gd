extends PanelContainer
## One player's name and score in the line above the field; flashes when the score changes.

const Palette := preload("palette.gd")
const Player := preload("player.gd")

const _NAME_SIZE := 15  # pixels
const _REST := 64.0  # pixels beside the name: margins, gap and a score of two digits

var player: Player

var _name_label := Label.new()
var _score_label := Label.new()
var _box := StyleBoxFlat.new()


## Shows [param shown_player].
func _init(shown_player: Player) -> void:
	player = shown_player
	_box.bg_color = Color(Palette.INK, 0.75)
	_box.set_corner_radius_all(10)
	_box.content_margin_left = 10.0
	_box.content_margin_right = 12.0
	_box.border_width_left = 5
	_box.border_color = Palette.coat(player.coat)
	add_theme_stylebox_override(&"panel", _box)


func _ready() -> void:
	var row := HBoxContainer.new()
	row.add_theme_constant_override(&"separation", 9)
	_name_label.text = player.player_name
	_name_label.text_overrun_behavior = TextServer.OVERRUN_TRIM_ELLIPSIS
	_name_label.add_theme_font_size_override(&"font_size", _NAME_SIZE)
	_name_label.add_theme_color_override(&"font_color", Palette.PAPER)
	_score_label.add_theme_font_size_override(&"font_size", 22)
	_score_label.add_theme_color_override(&"font_color", Palette.coat(player.coat))
	row.add_child(_name_label)
	row.add_child(_score_label)
	add_child(row)
	player.score_changed.connect(_on_player_score_changed)
	_score_label.text = str(player.score)
	if player.is_mine():
		_box.set_border_width_all(2)
		_box.border_width_left = 5


## Shortens the name where the chip would be wider than [param width] pixels.
func fit(width: float) -> void:
	var font := _name_label.get_theme_font(&"font")
	var left := HORIZONTAL_ALIGNMENT_LEFT
	var whole := font.get_string_size(_name_label.text, left, -1.0, _NAME_SIZE).x
	_name_label.custom_minimum_size.x = minf(ceilf(whole), width - _REST)


func _on_player_score_changed(change: int) -> void:
	_score_label.text = str(player.score)
	pivot_offset = size * 0.5
	var tween := create_tween().set_trans(Tween.TRANS_QUAD).set_ease(Tween.EASE_OUT)
	_box.bg_color = Palette.coat(player.coat) if change > 0 else Palette.RIBBON
	scale = Vector2(1.16, 1.16)
	tween.tween_property(self, ^"scale", Vector2.ONE, 0.25)
	tween.parallel().tween_property(_box, ^"bg_color", Color(Palette.INK, 0.75), 0.35)
