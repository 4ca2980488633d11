extends "res://tests/test_case.gd"
## When an address is checked.

const CheckPlan := preload("res://addons/packhorse/core/direct/check_plan.gd")
const Constants := preload("res://addons/packhorse/wire/constants.gd")


## Returns the times of all checks.
func _run(plan: CheckPlan, fraction := 0.5) -> PackedFloat64Array:
	var times := PackedFloat64Array()
	while plan.due < INF:
		times.append(plan.due)
		plan.take(fraction, plan.due)
	return times


func test_first_check_goes_out_when_the_attempt_begins() -> void:
	var times := _run(CheckPlan.new(10.0))

	assert_eq(times[0], 10.0, "first")
	assert_true(is_equal_approx(times[1], 10.0 + Constants.CHECK_INTERVAL), "second")


func test_check_that_had_to_wait_is_not_made_up_for() -> void:
	var plan := CheckPlan.new(10.0)
	plan.take(0.5, 11.0)

	assert_true(is_equal_approx(plan.due, 11.0 + Constants.CHECK_INTERVAL), "next")


func test_checks_become_rarer_and_end() -> void:
	var last := 0.0
	for due in _run(CheckPlan.new(0.0), 0.999):
		var most := Constants.CHECK_SLOW_MAX
		if due < Constants.CHECK_FAST:
			most = Constants.CHECK_INTERVAL
		assert_true(due - last <= most + 1e-9, "distance at %f" % due)
		last = due

	assert_true(last < Constants.ATTEMPT_TIME, "last")


func test_predicted_address_is_checked_later_rarer_and_not_for_long() -> void:
	var times := _run(CheckPlan.new(1.0, true))

	assert_true(is_equal_approx(times[0], 1.0 + Constants.PREDICTED_WAIT), "first")
	assert_true(is_equal_approx(times[1], times[0] + Constants.PREDICTED_INTERVAL), "second")
	assert_true(times[-1] < times[0] + Constants.CHECK_FAST, "last")


func test_attack_address_that_never_answers_gets_a_bounded_number_of_checks() -> void:
	assert_true(_run(CheckPlan.new(0.0), 0.0).size() < 450, "most")
	assert_true(_run(CheckPlan.new(0.0)).size() < 70, "usual")
