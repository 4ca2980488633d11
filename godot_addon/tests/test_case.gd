extends RefCounted
## Base of a test script: methods that start with [code]test_[/code] are run by run.gd.
##
## Each method gets an instance of its own and may [code]await[/code]. It fails when an assertion
## fails, a script error stops it, it asserts nothing, or it outlives [member deadline].

## Seconds that one test may take.
var deadline := 30.0
## The running scene tree, for tests that need nodes or frames.
var tree: SceneTree
## Absolute path of the folder that holds the vectors; empty when none was given.
var vectors_dir := ""
## One line for each assertion that failed.
var failures: Array[String] = []
## Assertions made so far, failed ones included.
var assertion_count := 0


## Fails unless [param actual] has the type and value of [param expected].
##
## String and StringName count as one type, because dictionaries from JSON hold only the former.
func assert_eq(actual: Variant, expected: Variant, what: String) -> void:
	assertion_count += 1
	if not _is_same(actual, expected):
		failures.append("%s: expected %s, got %s" % [what, _show(expected), _show(actual)])


## Fails unless [param condition] holds.
func assert_true(condition: bool, what: String) -> void:
	assertion_count += 1
	if not condition:
		failures.append("%s: expected true" % what)


## Fails, whatever was asserted.
func fail(what: String) -> void:
	assertion_count += 1
	failures.append(what)


## Returns the content of the vector file [param topic]; fails and returns {} when it is not there.
func vectors(topic: String) -> Dictionary:
	var path := vectors_dir.path_join(topic + ".json")
	var json := JSON.new()
	if json.parse(FileAccess.get_file_as_string(path)) == OK and json.data is Dictionary:
		return json.data
	fail("vector file %s cannot be read; run.gd needs --vectors DIR" % path)
	return {}


static func _is_same(actual: Variant, expected: Variant) -> bool:
	if _kind(actual) != _kind(expected):
		return false
	return actual == expected


static func _kind(value: Variant) -> int:
	return TYPE_STRING if value is StringName else typeof(value)


static func _show(value: Variant) -> String:
	if value is PackedByteArray:
		var bytes: PackedByteArray = value
		return "%d bytes %s" % [bytes.size(), bytes.hex_encode()]
	return var_to_str(value)
