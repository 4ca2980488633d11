extends SceneTree
## Draws the icon for stores as a PNG file, from the peer's icon; for [code]make screenshots[/code].
##
## [codeblock]
## godot --headless --path godot_addon -s res://tests/draw_icon.gd -- FILE
## [/codeblock]

const _SOURCE := "res://addons/packhorse/icons/multiplayer_peer.svg"
const _SIZE := 256  # pixels
const _SCALE := 12.0  # of the source, which has 16 pixels
const _BACKGROUND := Color("#1d1a35")


func _initialize() -> void:
	var drawn := Image.new()
	drawn.load_svg_from_string(FileAccess.get_file_as_string(_SOURCE), _SCALE)
	var icon := Image.create(_SIZE, _SIZE, false, Image.FORMAT_RGBA8)
	icon.fill(_BACKGROUND)
	var area := Rect2i(Vector2i.ZERO, drawn.get_size())
	icon.blend_rect(drawn, area, (icon.get_size() - drawn.get_size()) / 2)
	var saved := icon.save_png(OS.get_cmdline_user_args()[0])
	print("saved ", saved)
	quit(saved)
