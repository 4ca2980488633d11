extends SceneTree
## Loads every script of all addons, with each warning made an error.

const _WARNINGS := "debug/gdscript/warnings/"
const _ERROR := 2
## These ask for types that the line shows already, and for a use of every result.
const _MATTERS_OF_TASTE: Array[String] = ["inferred_declaration", "return_value_discarded"]

var _count := 0


func _initialize() -> void:
	for property in ProjectSettings.get_property_list():
		var setting: String = property["name"]
		if setting.begins_with(_WARNINGS) and property["type"] == TYPE_INT:
			if setting.trim_prefix(_WARNINGS) not in _MATTERS_OF_TASTE:
				ProjectSettings.set_setting(setting, _ERROR)
	_run()


func _run() -> void:
	await process_frame  # settings have an effect
	_load_all("res://addons")
	print("loaded %d scripts" % _count)
	quit()


func _load_all(folder: String) -> void:
	for file in DirAccess.get_files_at(folder):
		if file.get_extension() == "gd":
			load(folder.path_join(file))
			_count += 1
	for below in DirAccess.get_directories_at(folder):
		_load_all(folder.path_join(below))
