extends RefCounted
## Shows the table of settings in Project Settings, and takes it away again.

const Settings := preload("../nodes/settings.gd")


## Adds what the project does not have yet, with initial values and hints.
static func add() -> void:
	for setting in Settings.TABLE:
		var path: String = setting["path"]
		var initial: Variant = setting["initial"]
		if not ProjectSettings.has_setting(path):
			ProjectSettings.set_setting(path, initial)
		ProjectSettings.set_initial_value(path, initial)
		ProjectSettings.set_as_basic(path, true)
		var info := {
			"name": path,
			"type": typeof(initial),
			"hint": setting["hint"],
			"hint_string": setting["hint_string"],
		}
		ProjectSettings.add_property_info(info)


## Removes settings that were never changed; values of the user's own stay.
static func remove() -> void:
	for setting in Settings.TABLE:
		var path: String = setting["path"]
		if ProjectSettings.get_setting(path) == setting["initial"]:
			ProjectSettings.clear(path)
