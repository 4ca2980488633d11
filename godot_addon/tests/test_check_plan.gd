extends "res://tests/test_case.gd"
## When an address is checked.

const CheckPlan := preload("res://addons/packhorse/core/direct/check_plan.gd")
const Constants := preload("res://addons/packhorse/wire/constants.gd")


## Returns the times of all checks, those of the large ones negative.
func _run(plan: CheckPlan, fraction := 0.5) -> PackedFloat64Array:
	var times := PackedFloat64Array()
	while plan.due < INF:
		var due := plan.due
		times.append(-due if plan.take(fraction) else due)
	return times


func test_attempt_opens_with_small_checks() -> void:
	var times := _run(CheckPlan.new(10.0, true))

	assert_eq(times[0], 10.0, "first")
	for index in Constants.OPENINGS:
		assert_true(times[index] > 0.0, "small")
	assert_true(times[Constants.OPENINGS] < 0.0, "large")


func test_every_fourth_check_is_large() -> void:
	var times := _run(CheckPlan.new(1.0, false))

	for index in 9:
		assert_eq(times[index] < 0.0, index % 4 == 0, "check %d" % index)


func test_checks_become_rarer_and_end() -> void:
	var plan := CheckPlan.new(0.0, false)
	var last := 0.0
	while plan.due < INF:
		var distance := plan.due - last
		var most := Constants.CHECK_SLOW_MAX
		if plan.due < Constants.CHECK_FAST:
			most = Constants.CHECK_INTERVAL
		assert_true(distance <= most + 1e-9, "distance at %f" % plan.due)
		last = plan.due
		plan.take(0.999)

	assert_true(last < Constants.ATTEMPT_TIME, "last")


func test_attack_address_that_never_answers_gets_a_bounded_number_of_checks() -> void:
	assert_true(_run(CheckPlan.new(0.0, true), 0.0).size() < 450, "checks")
