@tool
extends RefCounted
## The place of a dock in the editor: an EditorDock where there is one (Godot 4.6), else the older
## call.

const _CLASS := &"EditorDock"
const _SLOT := EditorPlugin.DOCK_SLOT_RIGHT_UL  # beside the inspector; EditorDock counts alike

var _content: Control
var _dock: Node = null


func _init(content: Control) -> void:
	_content = content


## Shows the content, under its name.
func add(plugin: EditorPlugin) -> void:
	if not ClassDB.class_exists(_CLASS):
		plugin.add_control_to_dock(_SLOT, _content)
		return
	_dock = ClassDB.instantiate(_CLASS)
	_dock.set(&"title", _content.name)
	_dock.set(&"layout_key", "packhorse")
	_dock.set(&"default_slot", _SLOT)
	_dock.add_child(_content)
	plugin.call(&"add_dock", _dock)


## Takes it away again, and frees it.
func remove(plugin: EditorPlugin) -> void:
	if _dock == null:
		plugin.remove_control_from_docks(_content)
		_content.free()
		return
	plugin.call(&"remove_dock", _dock)
	_dock.free()
	_dock = null
