extends "res://tests/test_case.gd"
## The simulated network, with the luck given.

const NetworkConditions := preload("res://addons/packhorse/core/network_conditions.gd")
const NetworkSimulation := preload("res://addons/packhorse/core/network_simulation.gd")

var _conditions := NetworkConditions.new()
var _luck: Array[float] = []  # what is drawn next; 0.5 when empty


func _draw() -> float:
	return _luck.pop_front() if _luck else 0.5


func _simulation(latency: float, jitter: float, loss: float) -> NetworkSimulation:
	_conditions.latency = latency
	_conditions.jitter = jitter
	_conditions.loss = loss
	return NetworkSimulation.new(_conditions, _draw)


func _taken(simulation: NetworkSimulation, now: float) -> Array[int]:
	var numbers: Array[int] = []
	for datagram in simulation.take(now):
		numbers.append(datagram[0])
	return numbers


func test_datagram_comes_after_the_latency() -> void:
	var simulation := _simulation(0.1, 0.0, 0.0)
	simulation.push(PackedByteArray([1]), 5.0)

	assert_eq(_taken(simulation, 5.09), [] as Array[int], "early")
	assert_eq(_taken(simulation, 5.1), [1] as Array[int], "in time")
	assert_eq(_taken(simulation, 9.0), [] as Array[int], "once")


func test_order_is_kept_without_jitter() -> void:
	var simulation := _simulation(0.1, 0.0, 0.0)
	for number: int in [1, 2, 3]:
		simulation.push(PackedByteArray([number]), 0.0)

	assert_eq(_taken(simulation, 1.0), [1, 2, 3] as Array[int], "order")


func test_jitter_adds_its_part_and_reorders() -> void:
	var simulation := _simulation(0.1, 0.2, 0.0)
	_luck = [0.9, 0.75, 0.9, 0.0]
	simulation.push(PackedByteArray([1]), 0.0)
	simulation.push(PackedByteArray([2]), 0.0)

	assert_eq(_taken(simulation, 0.1), [2] as Array[int], "without jitter")
	assert_eq(_taken(simulation, 0.24), [] as Array[int], "the other one waits")
	assert_eq(_taken(simulation, 0.26), [1] as Array[int], "with three quarters of it")


func test_loss_takes_the_fraction_of_draws_below_it() -> void:
	var simulation := _simulation(0.0, 0.0, 0.3)
	_luck = [0.29, 0.0, 0.31, 0.0]
	simulation.push(PackedByteArray([1]), 0.0)
	simulation.push(PackedByteArray([2]), 0.0)

	assert_eq(_taken(simulation, 0.0), [2] as Array[int], "what is left")


func test_loss_of_one_loses_everything() -> void:
	var simulation := _simulation(0.0, 0.0, 1.0)
	_luck = [0.999, 0.0]
	simulation.push(PackedByteArray([1]), 0.0)

	assert_eq(_taken(simulation, 1.0), [] as Array[int], "lost")


func test_what_waits_is_bounded() -> void:
	var simulation := _simulation(1.0, 0.0, 0.0)
	for _index in NetworkSimulation.MAX_WAITING + 1:
		simulation.push(PackedByteArray([1]), 0.0)

	assert_eq(simulation.size(), NetworkSimulation.MAX_WAITING, "waiting")


func test_change_of_the_conditions_leaves_what_is_on_its_way() -> void:
	var simulation := _simulation(1.0, 0.0, 0.0)
	simulation.push(PackedByteArray([1]), 0.0)
	_conditions.latency = 0.1
	simulation.push(PackedByteArray([2]), 0.0)

	assert_eq(_taken(simulation, 0.5), [2] as Array[int], "new conditions")
	assert_eq(_taken(simulation, 1.0), [1] as Array[int], "old ones")


func test_conditions_without_any_effect_are_known() -> void:
	assert_true(not _conditions.is_any(), "none")
	_conditions.loss = 0.01
	assert_true(_conditions.is_any(), "loss")
