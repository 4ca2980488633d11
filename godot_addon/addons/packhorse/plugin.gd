@tool
extends EditorPlugin
## Adds the project settings of Packhorse to the editor.

## Project setting that holds the relay: [code]host[/code] or [code]host:port[/code].
const RELAY_ADDRESS := "packhorse/relay/address"
const RELAY_ADDRESS_DEFAULT := "127.0.0.1:6969"


func _enter_tree() -> void:
	_add_setting(RELAY_ADDRESS, RELAY_ADDRESS_DEFAULT, PROPERTY_HINT_PLACEHOLDER_TEXT, "host:port")


func _exit_tree() -> void:
	_remove_setting(RELAY_ADDRESS, RELAY_ADDRESS_DEFAULT)


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
