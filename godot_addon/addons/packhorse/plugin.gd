@tool
extends EditorPlugin
## Adds the project settings of Packhorse to the editor.

const RelaySetting := preload("nodes/relay_setting.gd")

const _RELAY_DEFAULT := ""  # a default is not saved, and a game would not find any other


func _enter_tree() -> void:
	_add_setting(RelaySetting.PATH, _RELAY_DEFAULT, PROPERTY_HINT_PLACEHOLDER_TEXT, "host:port")


func _exit_tree() -> void:
	_remove_setting(RelaySetting.PATH, _RELAY_DEFAULT)


func _add_setting(path: String, initial: Variant, hint: PropertyHint, hint_string: String) -> void:
	if not ProjectSettings.has_setting(path):
		ProjectSettings.set_setting(path, initial)
	ProjectSettings.set_initial_value(path, initial)
	ProjectSettings.set_as_basic(path, true)
	var info := {"name": path, "type": typeof(initial), "hint": hint, "hint_string": hint_string}
	ProjectSettings.add_property_info(info)


## Removes a setting that was never changed; a value of the user's own stays.
func _remove_setting(path: String, initial: Variant) -> void:
	if ProjectSettings.get_setting(path) == initial:
		ProjectSettings.clear(path)
