extends "res://tests/test_case.gd"
## Checks the assertions that the other tests trust.

const TestCase := preload("res://tests/test_case.gd")


func test_assert_eq_accepts_equal_values() -> void:
	var inner := TestCase.new()

	inner.assert_eq(PackedByteArray([1, 2]), PackedByteArray([1, 2]), "bytes")
	inner.assert_eq({"a": [1, 2]}, {"a": [1, 2]}, "nested")
	inner.assert_eq(&"name", "name", "StringName and String")

	assert_eq(inner.failures, [] as Array[String], "failures")
	assert_eq(inner.assertion_count, 3, "assertions")


func test_assert_eq_names_what_differs() -> void:
	var inner := TestCase.new()

	inner.assert_eq(PackedByteArray([255]), PackedByteArray([0]), "header")

	var expected: Array[String] = ["header: expected 1 bytes 00, got 1 bytes ff"]
	assert_eq(inner.failures, expected, "failures")


func test_assert_eq_tells_types_apart() -> void:
	var inner := TestCase.new()

	inner.assert_eq(1.0, 1, "a float is not an integer")
	inner.assert_eq(null, 0, "nothing is not zero")
	inner.assert_eq("1", 1, "a string is not an integer")

	assert_eq(inner.failures.size(), 3, "failures")


func test_assert_true_and_fail_record_failures() -> void:
	var inner := TestCase.new()

	inner.assert_true(true, "holds")
	inner.assert_true(false, "does not hold")
	inner.fail("given up")

	var expected: Array[String] = ["does not hold: expected true", "given up"]
	assert_eq(inner.failures, expected, "failures")


func test_vectors_fails_when_the_file_is_missing() -> void:
	var inner := TestCase.new()
	inner.vectors_dir = "/nonexistent"

	var content := inner.vectors("none")

	assert_eq(content, {}, "content")
	assert_eq(inner.failures.size(), 1, "failures")


func test_a_test_may_wait_for_frames() -> void:
	var before := Engine.get_process_frames()

	await tree.process_frame

	assert_true(Engine.get_process_frames() > before, "a frame has passed")
