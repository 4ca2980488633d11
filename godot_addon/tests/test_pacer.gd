extends "res://tests/test_case.gd"
## Datagrams are spread over time, whoever polls.

const Pacer := preload("res://addons/packhorse/core/delivery/pacer.gd")

const SIZE := 1200  # bytes
const RATE := 5_000_000.0  # bytes a second

var _pacer := Pacer.new()


func test_what_was_due_since_the_last_frame_leaves_in_the_next() -> void:
	var sent := 0
	for frame in 60:
		sent += _send(frame / 60.0)
		_pacer.is_holding = true

	assert_true(absf(sent - RATE) < 0.05 * RATE, "bytes in a second: %d" % sent)


func test_a_long_stall_is_not_made_up_for() -> void:
	_send(0.0)
	_pacer.is_holding = true

	assert_true(_send(3.0) <= RATE * 0.035 + 2 * SIZE, "bytes at once")


func test_ten_datagrams_leave_at_once_after_a_pause() -> void:
	_send(0.0)

	assert_eq(_send(3.0), 10 * SIZE, "bytes at once")


## Sends what may leave; returns how many bytes that was.
func _send(now: float) -> int:
	var sent := 0
	while _pacer.next_at <= now:
		_pacer.count(SIZE, RATE, now)
		sent += SIZE
	return sent
