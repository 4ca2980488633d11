@tool
extends EditorPlugin
## Adds Packhorse to the editor: project settings, a dock that tests a relay, a debugger tab.

const DebuggerTabs := preload("editor/debugger_tabs.gd")
const DockPlace := preload("editor/dock_place.gd")
const EditorSettingsTable := preload("editor/editor_settings.gd")
const RelayDock := preload("editor/relay_dock.gd")

var _dock: DockPlace
var _debugger: DebuggerTabs


func _enter_tree() -> void:
	EditorSettingsTable.add()
	_dock = DockPlace.new(RelayDock.new())
	_dock.add(self)
	_debugger = DebuggerTabs.new()
	add_debugger_plugin(_debugger)


func _exit_tree() -> void:
	_debugger.close()
	remove_debugger_plugin(_debugger)
	_debugger = null
	_dock.remove(self)
	_dock = null
	EditorSettingsTable.remove()
