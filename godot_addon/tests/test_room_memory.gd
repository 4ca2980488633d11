extends "res://tests/test_case.gd"
## What a host says again to a relay that was restarted.

const RoomChange := preload("res://addons/packhorse/core/room_change.gd")
const RoomMemory := preload("res://addons/packhorse/core/room_memory.gd")

const KEY_SIZE := 32


func test_nothing_is_told_before_another_epoch() -> void:
	var memory := RoomMemory.new(1)
	_make(memory, 1, _locked(0))

	assert_eq(memory.take_untold().size(), 0, "untold")


func test_room_that_was_never_changed_is_not_told_of() -> void:
	var memory := RoomMemory.new(1)
	memory.begin_epoch()

	assert_eq(memory.take_untold().size(), 0, "untold")


func test_changes_are_told_once_in_each_epoch() -> void:
	var memory := RoomMemory.new(1)
	_make(memory, 1, _locked(0))

	for _epoch in 2:
		memory.begin_epoch()
		var untold := memory.take_untold()
		assert_eq(untold.size(), 1, "untold")
		assert_eq(untold[0].locked, 0, "locked")
		assert_eq(memory.take_untold().size(), 0, "told again")


func test_doors_are_told_before_the_list_and_without_the_topology() -> void:
	var memory := RoomMemory.new(RoomChange.UNCHANGED)
	var change := RoomChange.new()
	change.topology = 1
	change.approval = 1
	change.listed = 1
	change.metadata = PackedByteArray([7])
	_make(memory, 1, change)
	memory.begin_epoch()

	var untold := memory.take_untold()

	assert_eq(untold.size(), 2, "untold")
	assert_eq([untold[0].approval, untold[0].listed, untold[0].topology], [1, -1, -1], "doors")
	assert_eq([untold[1].approval, untold[1].listed], [-1, 1], "listing")
	assert_eq(untold[1].metadata, PackedByteArray([7]), "metadata")


func test_how_the_room_was_made_is_told_with_what_was_changed() -> void:
	var memory := RoomMemory.new(1)
	var change := RoomChange.new()
	change.max_peers = 9
	_make(memory, 1, change)
	memory.begin_epoch()

	var untold := memory.take_untold()

	assert_eq([untold[0].locked, untold[0].max_peers], [1, 9], "doors")


func test_change_that_was_refused_is_forgotten() -> void:
	var memory := RoomMemory.new(0)
	memory.open(1, _locked(1), false)
	memory.close(1, 203)
	memory.begin_epoch()

	assert_eq(memory.take_untold().size(), 0, "untold")


func test_change_without_an_answer_is_told_and_the_latest_wins() -> void:
	var memory := RoomMemory.new(0)
	_make(memory, 1, _locked(1))
	memory.open(2, _locked(0), false)
	memory.begin_epoch()

	assert_eq(memory.take_untold()[0].locked, 0, "locked")


func test_password_that_was_removed_is_not_told() -> void:
	var memory := RoomMemory.new(0)
	var with_key := RoomChange.new()
	with_key.password_key.resize(KEY_SIZE)
	var without := RoomChange.new()
	without.removes_password = true
	_make(memory, 1, with_key)
	_make(memory, 2, without)
	memory.begin_epoch()

	var told := memory.take_untold()[0]

	assert_eq([told.password_key.size(), told.removes_password], [0, true], "password")


func test_room_is_guarded_by_what_was_made_and_by_what_is_asked_for() -> void:
	var memory := RoomMemory.new(1)
	assert_true(memory.is_guarded(), "made locked")
	_make(memory, 1, _locked(0))
	assert_true(not memory.is_guarded(), "unlocked")
	memory.open(2, _locked(1), false)
	assert_true(memory.is_guarded(), "asked for")
	memory.close(2, 203)
	assert_true(not memory.is_guarded(), "refused")


func test_own_requests_are_told_from_those_of_the_game() -> void:
	var memory := RoomMemory.new(0)
	memory.open(1, _locked(1), false)
	memory.open(2, _locked(1), true)

	var own := [memory.close(1, 0), memory.close(2, 0), memory.close(2, 0)]

	assert_eq(own, [false, true, false], "own")


func _locked(value: int) -> RoomChange:
	var change := RoomChange.new()
	change.locked = value
	return change


## Notes a change that the relay has made.
func _make(memory: RoomMemory, sequence: int, change: RoomChange) -> void:
	memory.open(sequence, change, false)
	memory.close(sequence, 0)
