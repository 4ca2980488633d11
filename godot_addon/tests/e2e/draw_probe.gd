extends SceneTree
## Draws a green rectangle over all of the window, saves a picture of it and says which colours it has.

const Screenshot := preload("../support/screenshot.gd")


func _initialize() -> void:
	var rectangle := ColorRect.new()
	rectangle.color = Color.GREEN
	rectangle.size = root.get_visible_rect().size
	root.add_child(rectangle)
	_save(OS.get_cmdline_user_args()[0])


func _save(path: String) -> void:
	var error := await Screenshot.save(root, path)
	var image := Image.load_from_file(path)
	var inside := image.get_pixel(200, 150).to_html(false)
	print("saved %d, inside %s" % [error, inside])
	quit()
