extends Control
## What is drawn over the field: scores, code, chat, news about round and connection.

## Emitted when the player has typed a line.
signal line_typed(text: String)
## Emitted when the simulated network has been set: [param delay] in seconds, [param loss] 0 to 1.
signal network_changed(delay: float, loss: float)

const Palette := preload("palette.gd")
const Player := preload("player.gd")
const ScoreChip := preload("score_chip.gd")

const _MAX_LINES := 5  # of the chat
const _CHIPS_WIDTH := 960.0  # pixels for all chips, at the least width of the window
const _LINE_TIME := 14.0  # seconds until a line of the chat fades

@onready var _chips: HBoxContainer = %Chips
@onready var _code_label: Label = %CodeLabel
@onready var _rtt_label: Label = %RttLabel
@onready var _lines: VBoxContainer = %Lines
@onready var _chat_field: LineEdit = %ChatField
@onready var _banner: Label = %Banner
@onready var _subtitle: Label = %Subtitle
@onready var _delay_slider: HSlider = %DelaySlider
@onready var _loss_slider: HSlider = %LossSlider


func _ready() -> void:
	hide()
	_banner.modulate.a = 0.0
	_subtitle.modulate.a = 0.0
	_chat_field.text_submitted.connect(_on_chat_field_text_submitted)
	_chat_field.focus_exited.connect(_chat_field.hide)
	_delay_slider.value_changed.connect(_on_slider_value_changed)
	_loss_slider.value_changed.connect(_on_slider_value_changed)


func _unhandled_input(event: InputEvent) -> void:
	if is_visible_in_tree() and event.is_action_pressed(&"ui_text_submit"):
		get_viewport().set_input_as_handled()
		_chat_field.show()
		_chat_field.grab_focus()


## Tells whether keys are for the chat now.
func is_typing() -> bool:
	return _chat_field.has_focus()


## Shows the code of the room.
func show_code(code: String) -> void:
	_code_label.text = code
	show()


## Hides what simulates a bad network, where that is not to be had.
func hide_network() -> void:
	(%Network as Control).hide()


## Shows the round-trip time to the host; below 0 nothing.
func show_rtt(seconds: float) -> void:
	_rtt_label.text = "%.0f ms" % (seconds * 1000.0) if seconds >= 0.0 else ""


## Shows a new player.
func add_player(player: Player) -> void:
	_chips.add_child(ScoreChip.new(player))
	_fit_chips()
	add_line("%s is here" % player.player_name, Palette.coat(player.coat))


## Takes a player away.
func remove_player(player: Player) -> void:
	for child in _chips.get_children():
		var chip := child as ScoreChip
		if chip != null and chip.player == player:
			chip.queue_free()
	_fit_chips()
	add_line("%s has gone" % player.player_name, Palette.coat(player.coat))


## Adds a line to the chat; strangers' words, so no markup.
func add_line(text: String, tint: Color) -> void:
	var label := Label.new()
	label.text = text
	label.add_theme_color_override(&"font_color", tint.lightened(0.45))
	label.add_theme_color_override(&"font_outline_color", Palette.INK)
	label.add_theme_constant_override(&"outline_size", 6)
	label.add_theme_font_size_override(&"font_size", 16)
	_lines.add_child(label)
	if _lines.get_child_count() > _MAX_LINES:
		_lines.get_child(0).queue_free()
	var tween := label.create_tween()
	tween.tween_interval(_LINE_TIME)
	tween.tween_property(label, ^"modulate:a", 0.0, 1.0)
	tween.tween_callback(label.queue_free)


## Shows large words in the middle for some seconds, and smaller ones below.
func announce(text: String, below: String, tint: Color, seconds: float) -> void:
	_banner.text = text
	_banner.add_theme_color_override(&"font_color", tint)
	_subtitle.text = below
	_banner.pivot_offset = _banner.size * 0.5
	_banner.scale = Vector2(0.6, 0.6)
	var tween := create_tween().set_trans(Tween.TRANS_BACK).set_ease(Tween.EASE_OUT)
	tween.tween_property(_banner, ^"scale", Vector2.ONE, 0.35)
	tween.parallel().tween_property(_banner, ^"modulate:a", 1.0, 0.15)
	tween.parallel().tween_property(_subtitle, ^"modulate:a", 1.0, 0.3)
	tween.tween_interval(seconds)
	tween.tween_property(_banner, ^"modulate:a", 0.0, 0.4)
	tween.parallel().tween_property(_subtitle, ^"modulate:a", 0.0, 0.4)


## Shortens names, so that everybody and the code stay in sight.
func _fit_chips() -> void:
	var chips := _chips.get_children().filter(_is_staying)
	for chip: ScoreChip in chips:
		chip.fit(_CHIPS_WIDTH / chips.size() - _chips.get_theme_constant(&"separation"))


func _is_staying(chip: Node) -> bool:
	return not chip.is_queued_for_deletion()


func _on_chat_field_text_submitted(text: String) -> void:
	_chat_field.clear()
	_chat_field.release_focus()
	if text.strip_edges():
		line_typed.emit(text)


func _on_slider_value_changed(_value: float) -> void:
	(%DelayLabel as Label).text = "%.0f ms" % _delay_slider.value
	(%LossLabel as Label).text = "%.0f %%" % _loss_slider.value
	network_changed.emit(_delay_slider.value / 1000.0, _loss_slider.value / 100.0)
