extends "res://tests/test_case.gd"
## Every name that the C# classes use is one of GDScript's; nothing here compiles them.

const _FOLDER := "res://addons/packhorse/csharp/"


func test_csharp_has_the_methods_of_the_peer() -> void:
	_assert_methods(PackhorseMultiplayerPeer, "MethodName")


func test_csharp_has_the_methods_of_the_doorman() -> void:
	_assert_methods(PackhorseDoorman, "DoormanMethodName")


func test_csharp_has_the_signals_of_the_peer_with_their_arguments() -> void:
	_assert_signals(PackhorseMultiplayerPeer, "SignalName")


func test_csharp_has_the_signals_of_the_doorman_with_their_arguments() -> void:
	_assert_signals(PackhorseDoorman, "DoormanSignalName")


func test_peer_has_the_properties_that_are_read() -> void:
	_assert_properties(PackhorseMultiplayerPeer.new(), _names("PackhorsePeer.cs", "PropertyName"))


func test_options_have_the_properties_that_are_set() -> void:
	_assert_properties(PackhorseRoomOptions.new(), _names("PackhorseOptions.cs", "PropertyName"))


func test_options_of_gdscript_are_all_in_csharp() -> void:
	var names := _names("PackhorseOptions.cs", "PropertyName")
	for property in PackhorseRoomOptions.new().get_property_list():
		var usage: int = property["usage"]
		if usage & PROPERTY_USAGE_SCRIPT_VARIABLE and usage & PROPERTY_USAGE_STORAGE:
			assert_true(names.has(str(property["name"])), str(property["name"]))


func test_error_has_the_properties_that_are_read() -> void:
	_assert_properties(PackhorseError.new(), _names("PackhorseFailure.cs", "PropertyName"))


func test_enums_have_the_same_values() -> void:
	_assert_enum("PackhorsePeer.cs", "Stage", PackhorseMultiplayerPeer.Stage)
	_assert_enum("PackhorsePeer.cs", "Path", PackhorseMultiplayerPeer.Path)
	_assert_enum("PackhorseOptions.cs", "Topology", PackhorseRoomOptions.Topology)
	_assert_enum("PackhorseOptions.cs", "Transport", PackhorseRoomOptions.Transport)


func test_scripts_that_are_loaded_are_there() -> void:
	for file: String in ["PackhorsePeer.cs", "PackhorseOptions.cs"]:
		var path := _first(_source(file), 'ScriptPath = "([^"]+)"')
		assert_true(ResourceLoader.exists(path, "GDScript"), path)


## Asserts that C# calls the public methods of [param script], and knows no others.
func _assert_methods(script: Script, holder: String) -> void:
	var methods: Array[String] = []
	for method in script.get_script_method_list():
		var name: String = method["name"]
		if not name.begins_with("_") and not name.begins_with("@"):
			methods.append(name)
	var names := _names("PackhorsePeer.cs", holder)
	methods.sort()
	names.sort()
	assert_eq(names, methods, "methods")
	for method in methods:
		var call := "Call(%s.%s" % [holder, method.to_pascal_case()]
		assert_true(call in _source("PackhorsePeer.cs"), call)


## Asserts that each signal of [param script] is an event in C#, and nothing else is.
func _assert_signals(script: Script, holder: String) -> void:
	var source := _source("PackhorsePeer.cs")
	var names := _names("PackhorsePeer.cs", holder)
	var signals := script.get_script_signal_list()
	assert_eq(names.size(), signals.size(), "signals")
	for signal_info in signals:
		var signal_name: String = signal_info["name"]
		var arguments: Array = signal_info["args"]
		assert_true(signal_name in names, signal_name)
		var event := signal_name.to_pascal_case()
		var types := _first(source, "event Action(?:<([^>]*)>)?\\? %s;" % event)
		assert_eq(arguments.size(), types.split(",", false).size(), "arguments of " + event)
		assert_true("? %s;" % event in source, "event " + event)


func _assert_properties(object: Object, names: Array[String]) -> void:
	for property in names:
		assert_true(property in object, property)


func _assert_enum(file: String, enum_name: String, values: Dictionary) -> void:
	var body := _first(_source(file), "enum %s\\s*\\{([^}]*)\\}" % enum_name)
	var found := {}
	var next := 0
	for line in body.split(",", false):
		var parts := line.strip_edges().split("=")
		if parts[0]:
			next = parts[1].to_int() if parts.size() > 1 else next
			found[parts[0].strip_edges().to_snake_case().to_upper()] = next
			next += 1
	assert_eq(found, values.duplicate(), enum_name)


## Returns the strings in the class [param holder] of [param file].
func _names(file: String, holder: String) -> Array[String]:
	var body := _first(_source(file), "class %s\\s*\\{([^}]*)\\}" % holder)
	var names: Array[String] = []
	for found in RegEx.create_from_string('StringName (\\w+) = "(\\w+)"').search_all(body):
		names.append(found.get_string(2))
		assert_eq(found.get_string(2).to_pascal_case(), found.get_string(1), "name in C#")
	assert_true(not names.is_empty(), "names in %s of %s" % [holder, file])
	return names


func _source(file: String) -> String:
	return FileAccess.get_file_as_string(_FOLDER + file)


func _first(text: String, pattern: String) -> String:
	var found := RegEx.create_from_string(pattern).search(text)
	return found.get_string(1) if found != null else ""
