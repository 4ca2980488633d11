extends "res://tests/test_case.gd"
## Tests that must fail, each in another way; test_godot_runner.py runs them with --from.


func test_assertion_fails() -> void:
	assert_eq(1, 2, "one")


func test_asserts_nothing() -> void:
	pass


func test_error_after_an_assertion() -> void:
	assert_true(true, "reached")
	var nothing: Array[int] = []
	assert_eq(nothing[1], 0, "never reached")


func test_error_after_waiting() -> void:
	assert_true(true, "reached")
	await tree.process_frame
	var nothing: Array[int] = []
	assert_eq(nothing[1], 0, "never reached")


func test_hangs() -> void:
	deadline = 0.2
	assert_true(true, "reached")
	await Signal(self, &"script_changed")


func test_passes() -> void:
	assert_true(true, "reached")
