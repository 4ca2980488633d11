@tool
extends EditorPlugin
## Switches Packhorse off and on in a real editor and prints what is there each time, as JSON.
##
## Copied into a project by tests/e2e/test_godot_editor.py. With PACKHORSE_PICTURE in the
## environment, it saves a picture of the editor and ends; with PACKHORSE_GAME set, too, it waits
## for a running game to report its peer first, watches it for PACKHORSE_SECONDS, and prints what
## the tab shows; with PACKHORSE_CODE, too, it presses Play, so that the project's own game joins
## that room. With PACKHORSE_RELAY, it lets the dock test that relay, prints what it found and ends,
## after the picture if there is to be one.

const Finding := preload("res://addons/packhorse/core/doctor/finding.gd")
const RelayDock := preload("res://addons/packhorse/editor/relay_dock.gd")

const _FRAMES := 10  # until the editor has done what it defers
const _OWN := "res://addons/packhorse/editor/"
const _PICTURE := "PACKHORSE_PICTURE"
const _PICTURE_FRAMES := 120  # until the editor has been laid out and drawn
const _GAME := "PACKHORSE_GAME"
const _GAME_PATIENCE := 120.0  # seconds
const _CODE := "PACKHORSE_CODE"
const _RUN_ARGUMENTS := "editor/run/main_run_args"
const _RELAY := "PACKHORSE_RELAY"
const _SECONDS := "PACKHORSE_SECONDS"


func _enter_tree() -> void:
	_run.call_deferred()


func _run() -> void:
	if OS.has_environment(_PICTURE):
		await _take_picture(OS.get_environment(_PICTURE))
	elif OS.has_environment(_RELAY):
		await _test_relay(OS.get_environment(_RELAY))
	else:
		await _switch()
	get_tree().quit()


func _switch() -> void:
	await _wait(_FRAMES)
	_tell("at start")
	for is_enabled: bool in [false, true, false, true]:
		EditorInterface.set_plugin_enabled("packhorse", is_enabled)
		await _wait(_FRAMES)
		_tell("enabled" if is_enabled else "disabled")


func _take_picture(path: String) -> void:
	await _wait(_FRAMES)
	for node in _own_nodes(get_tree().root):
		if node.name == &"Packhorse" and node is ScrollContainer:
			_bring_forward(node)
	if OS.has_environment(_RELAY):
		await _test_relay(OS.get_environment(_RELAY))
	if OS.has_environment(_GAME):
		await _wait_for_report()
	await _wait(_PICTURE_FRAMES)
	get_tree().root.get_texture().get_image().save_png(path)


func _test_relay(address: String) -> void:
	await _wait(_FRAMES)
	var dock := _own_nodes(get_tree().root).filter(_is_dock)[0] as RelayDock
	dock.test(address)
	var verdict: String = await dock.test_ended
	var failed: Array[String] = []
	for finding in dock.findings():
		if finding.result in [Finding.Result.FAILED, Finding.Result.SKIPPED]:
			failed.append(Finding.TITLES[finding.stage])
	print(JSON.stringify({"verdict": verdict, "failed": failed}))


func _is_dock(node: Node) -> bool:
	return node is RelayDock


func _wait_for_report() -> void:
	print("waiting")
	if OS.has_environment(_CODE):
		await _play()
	var give_up_at := Time.get_ticks_msec() + int(_GAME_PATIENCE * 1000.0)
	var texts: Array[String] = []
	while not "Peer 1" in texts and Time.get_ticks_msec() < give_up_at:
		await get_tree().process_frame
		texts = _texts_of_tabs()
	await get_tree().create_timer(OS.get_environment(_SECONDS).to_float()).timeout
	await _wait(_PICTURE_FRAMES)
	print(JSON.stringify({"texts": _texts_of_tabs()}))
	EditorInterface.stop_playing_scene()


## Presses Play. An editor starts games by the program that it runs as; where that is a dynamic
## linker, as of the Godot that make godot unpacks, the linker is told again which program to run.
## Godot puts its own path after these arguments, where a language does no harm.
func _play() -> void:
	if OS.get_executable_path().get_file().begins_with("ld-"):
		var file := FileAccess.open("/proc/self/cmdline", FileAccess.READ)
		var linking: Array[String] = []  # the linker, its option, the folders and the program
		for _index in 4:
			linking.append(_read_argument(file))
		ProjectSettings.set_setting(_RUN_ARGUMENTS, " ".join(linking) + " --language %command%")
		await _wait(_FRAMES)
	EditorInterface.play_main_scene()


func _read_argument(file: FileAccess) -> String:
	var bytes := PackedByteArray()
	var byte := file.get_8()
	while byte and not file.eof_reached():
		bytes.append(byte)
		byte = file.get_8()
	return bytes.get_string_from_utf8()


func _texts_of_tabs() -> Array[String]:
	var texts: Array[String] = []
	for node in _own_nodes(get_tree().root):
		var script: Script = node.get_script()
		if script.resource_path.ends_with("peers_tab.gd"):
			for label: Label in node.find_children("*", "Label", true, false):
				texts.append(label.text)
	return texts


func _bring_forward(node: Node) -> void:
	var parent := node.get_parent()
	while parent != null:
		if parent is TabContainer:
			var tabs: TabContainer = parent
			tabs.current_tab = tabs.get_tab_idx_from_control(node)
		node = parent
		parent = node.get_parent()


func _wait(frames: int) -> void:
	for _index in frames:
		await get_tree().process_frame


func _tell(when: String) -> void:
	var settings: Array[String] = []
	for property in ProjectSettings.get_property_list():
		var setting: String = property["name"]
		if setting.begins_with("packhorse/"):
			settings.append(setting)
	settings.sort()
	var scripts: Array[String] = []
	for node in _own_nodes(get_tree().root):
		var script: Script = node.get_script()
		scripts.append(script.resource_path.get_file())
	scripts.sort()
	print(JSON.stringify({"when": when, "settings": settings, "nodes": scripts}))


## Returns the nodes whose scripts are of Packhorse's editor side, as far as they are roots.
func _own_nodes(node: Node) -> Array[Node]:
	var script: Script = node.get_script()
	if script != null and script.resource_path.begins_with(_OWN):
		return [node]
	var found: Array[Node] = []
	for child in node.get_children(true):
		found.append_array(_own_nodes(child))
	return found
