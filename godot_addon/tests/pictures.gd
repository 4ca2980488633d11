extends SceneTree
## Runs the demo in a window and saves what it shows; for [code]make screenshots[/code].
##
## [codeblock]
## godot --path godot_addon -s res://tests/pictures.gd -- FILE SECONDS [options of the demo]
## [/codeblock]

const Screenshot := preload("support/screenshot.gd")


func _initialize() -> void:
	var arguments := OS.get_cmdline_user_args()
	var scene: PackedScene = load("res://demo/main.tscn")
	var main := scene.instantiate()
	main.set(&"arguments", arguments.slice(2))
	root.add_child(main)
	await create_timer(arguments[1].to_float()).timeout
	var saved := await Screenshot.save(root, arguments[0])
	print("saved ", saved)
	quit(saved)
