extends SceneTree
## Loads every script of all addons, with each warning that a new project has made an error.

const _WARNINGS := "debug/gdscript/warnings/"
const _WARN := 1
const _ERROR := 2

var _count := 0


func _initialize() -> void:
	for property in ProjectSettings.get_property_list():
		var setting: String = property["name"]
		if setting.begins_with(_WARNINGS) and property["type"] == TYPE_INT:
			if ProjectSettings.property_get_revert(setting) == _WARN:
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
