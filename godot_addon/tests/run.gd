extends SceneTree
## Runs the tests in [code]res://tests/test_*.gd[/code] and exits 0 when all pass, 1 otherwise.
##
## [codeblock]
## godot --headless --path godot_addon -s res://tests/run.gd -- [--vectors DIR] [--only NAME]
## [/codeblock]
## NAME is part of [code]script.method[/code]. [code]--from DIR[/code] looks for scripts elsewhere.
##
## A script error stops only the function it happens in, so that a stopped test looks like one that
## ended. Godot 4.5 and newer report such errors to this runner; with an older engine, whoever
## starts it has to look for "SCRIPT ERROR" in the output, and always needs a deadline of its own.

const TestCase := preload("res://tests/test_case.gd")

const _NETWORK_THREAD := "packhorse/connection/network_thread"  # tests decide when things happen

var _vectors_dir := ""
var _only := ""
var _folder := "res://tests"
var _finished := 0
var _failed := 0
var _script_errors: RefCounted


func _initialize() -> void:
	if not _read_arguments(OS.get_cmdline_user_args()):
		quit(2)
		return
	ProjectSettings.set_setting(_NETWORK_THREAD, false)
	if ClassDB.class_exists(&"Logger"):
		var script: GDScript = load("res://tests/script_errors.gd")
		_script_errors = script.new()
		OS.call(&"add_logger", _script_errors)
	_run_all()


func _read_arguments(arguments: PackedStringArray) -> bool:
	for index in range(0, arguments.size() - 1, 2):
		match arguments[index]:
			"--vectors":
				_vectors_dir = arguments[index + 1]
			"--only":
				_only = arguments[index + 1]
			"--from":
				_folder = arguments[index + 1]
			_:
				printerr("run.gd: unknown option ", arguments[index])
				return false
	if arguments.size() % 2 == 1:
		printerr("run.gd: no value for ", arguments[-1])
		return false
	return true


func _run_all() -> void:
	await process_frame
	var planned := 0
	for path in _test_scripts():
		var script: GDScript = load(path)
		if script == null or not script.can_instantiate():
			planned += 1
			_report(path.get_file(), ["the script does not load"])
			continue
		for method in _test_methods(script, path):
			planned += 1
			await _run_one(script, path, method)
	print("%d planned, %d finished" % [planned, _finished])
	print("%d passed, %d failed" % [planned - _failed, _failed])
	quit(0 if planned > 0 and planned == _finished and _failed == 0 else 1)


func _test_scripts() -> Array[String]:
	var paths: Array[String] = []
	for entry in DirAccess.get_files_at(_folder):
		var file := entry.trim_suffix(".remap")  # in an exported game
		if file.begins_with("test_") and file.ends_with(".gd") and file != "test_case.gd":
			paths.append(_folder.path_join(file))
	paths.sort()
	return paths


func _test_methods(script: GDScript, path: String) -> Array[String]:
	var names: Array[String] = []
	for method in script.get_script_method_list():
		var method_name: String = method["name"]
		if method_name.begins_with("test_") and not names.has(method_name):
			if not _only or _only in _title(path, method_name):
				names.append(method_name)
	return names


func _run_one(script: GDScript, path: String, method: String) -> void:
	var test: TestCase = script.new()
	test.tree = self
	test.vectors_dir = _vectors_dir
	var stopped := await _call_with_deadline(test, method)
	_finished += 0 if stopped else 1
	var failures := test.failures.duplicate()
	failures.append_array(stopped)
	if not failures and test.assertion_count == 0:
		failures.append("asserts nothing")
	if failures:
		_report(_title(path, method), failures)


## Returns why [param method] did not run to its end, or an empty array when it did.
func _call_with_deadline(test: TestCase, method: String) -> Array[String]:
	var ended := {}
	_call_to_end(test, method, ended)
	var give_up_at := Time.get_ticks_msec() + int(test.deadline * 1000.0)
	var errors := _take_script_errors()
	while not ended and not errors:
		if Time.get_ticks_msec() > give_up_at:
			return ["did not end within %.1f s" % test.deadline]
		await process_frame
		errors.append_array(_take_script_errors())
	return errors


func _call_to_end(test: TestCase, method: String, ended: Dictionary) -> void:
	@warning_ignore("redundant_await")
	await test.call(method)
	ended[method] = true


func _take_script_errors() -> Array[String]:
	if _script_errors == null:
		return []
	var errors: Array[String] = _script_errors.call(&"take")
	return errors


func _report(title: String, failures: Array[String]) -> void:
	_failed += 1
	print("FAILED %s: %s" % [title, "; ".join(failures)])


static func _title(path: String, method: String) -> String:
	return "%s.%s" % [path.get_file().get_basename(), method]
