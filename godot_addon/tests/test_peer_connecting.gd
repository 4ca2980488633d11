extends "res://tests/support/peer_case.gd"
## What a peer does before its room: names of relays, limits that it waits out, warnings.

const EngineErrors := preload("res://tests/support/engine_errors.gd")
const ErrorTexts := preload("res://addons/packhorse/wire/error_texts.gd")
const Settings := preload("res://addons/packhorse/nodes/settings.gd")

var _stages: Array[String] = []


func test_short_limit_of_the_relay_is_waited_out() -> void:
	_relay.pause = 0.4
	var started_at := Time.get_ticks_msec()

	await _join()

	assert_true(Time.get_ticks_msec() - started_at >= 400, "waited")
	assert_eq(_relay.refused, 1, "refused requests")
	assert_eq(_told, ["+1"] as Array[String], "told")


func test_limit_that_is_waited_out_is_a_stage_with_its_seconds() -> void:
	_relay.pause = 0.4
	_peer.stage_changed.connect(_note_stage)

	await _join()

	var reaching := "RESOLVING, REACHING_UDP, JOINING, "
	var expected := reaching + "PAUSED for 0.4, " + reaching + "CONNECTED"
	assert_eq(", ".join(_stages), expected, "stages")


func test_limit_longer_than_the_timeout_is_told_at_once() -> void:
	_relay.pause = 60.0

	_peer.join_room(_relay.address(), FakeRelay.CODE)
	await _until(func() -> bool: return _peer.get_connection_status() == DISCONNECTED)

	assert_eq(_told, ["RATE_LIMITED"] as Array[String], "told")


func test_closing_ends_the_wait_for_a_limit() -> void:
	_relay.pause = 0.2
	_peer.join_room(_relay.address(), FakeRelay.CODE)
	await _until(func() -> bool: return _relay.refused == 1)
	_peer.poll()

	_peer.close()
	await tree.create_timer(0.4).timeout
	_peer.poll()

	assert_eq(_peer.get_connection_status(), DISCONNECTED, "status")
	assert_eq(_told, [] as Array[String], "told")


func test_empty_relay_means_the_project_setting() -> void:
	ProjectSettings.set_setting(Settings.RELAY_ADDRESS, _relay.address())
	_peer.join_room("", FakeRelay.CODE)
	ProjectSettings.clear(Settings.RELAY_ADDRESS)

	await _until(func() -> bool: return _peer.get_connection_status() == CONNECTED)
	assert_eq(_told, ["+1"] as Array[String], "told")


func test_relay_that_is_named_nowhere_is_told_with_advice() -> void:
	assert_eq(_peer.create_room(" "), ERR_INVALID_PARAMETER, "result")

	assert_eq(_told, ["ADDRESS_MISSING"] as Array[String], "told")
	var error := PackhorseError.from_code(PackhorseError.Code.ADDRESS_MISSING)
	assert_true(Settings.RELAY_ADDRESS in error.advice, "advice names the setting")


func test_stage_of_a_new_room_with_options_is_told_when_they_are_set() -> void:
	_relay.grant_changes = {&"peer": 1, &"rev": 1}
	_relay.members = [1]
	_peer.stage_changed.connect(_note_connected_stage)
	var options := PackhorseRoomOptions.new()
	options.approve = true
	_peer.create_room(_relay.address(), options)
	await _until(
		func() -> bool: return not _relay.of_type(Constants.MessageType.SET_ROOM).is_empty()
	)
	for _frame in 5:
		_peer.poll()
		await tree.process_frame
	assert_eq(_told, [] as Array[String], "told before the relay has set the options")

	var request := _relay.of_type(Constants.MessageType.SET_ROOM)[0].number(&"seq")
	var fields: Dictionary[StringName, Variant] = {&"request": request, &"code": 0}
	_relay.send(_relay.relay.seal(Constants.MessageType.ACK, fields))
	await _until(func() -> bool: return _told.size() == 2)

	assert_eq(_told, ["K7QM-2XPA", "stage of K7QM-2XPA, 2"] as Array[String], "told")


func test_advice_names_what_a_game_can_set_and_no_command_line() -> void:
	for code: int in ErrorTexts.TEXTS:
		var error := PackhorseError.from_code(code)
		assert_true(not "--" in error.advice, "%s: %s" % [error.name, error.advice])
	var advice := PackhorseError.from_code(Constants.ErrorCode.TICKET_REQUIRED).advice
	for name: String in ["PackhorseRoomOptions", Settings.RELAY_TICKET]:
		assert_true(name in advice, advice)


func test_room_that_cannot_be_is_not_asked_for() -> void:
	for max_peers: int in [-1, 1, 1025]:
		var options := PackhorseRoomOptions.new()
		options.max_peers = max_peers
		assert_eq(_peer.create_room(_relay.address(), options), ERR_INVALID_PARAMETER, "result")
		assert_eq(_peer.set_room_options(options), ERR_INVALID_PARAMETER, "result of a change")
	var named := PackhorseRoomOptions.new()
	named.player_name = "ä".repeat(33)
	assert_eq(_peer.join_room("127.0.0.1", "K7QM-2XPA", named), ERR_INVALID_PARAMETER, "result")

	for seconds: float in [0.0, -1.0, NAN, INF]:
		var hasty := PackhorseRoomOptions.new()
		hasty.connect_timeout = seconds
		assert_eq(_peer.create_room(_relay.address(), hasty), ERR_INVALID_PARAMETER, "%f" % seconds)

	var invalid: Array[String] = []
	invalid.resize(8)
	invalid.fill("OPTIONS_INVALID")
	assert_eq(_told, invalid, "told")
	var advice := PackhorseError.from_code(PackhorseError.Code.OPTIONS_INVALID).advice
	for option: String in ["max_peers", "player_name", "connect_timeout"]:
		assert_true(option in advice, "advice names " + option)


func test_saved_session_that_cannot_be_read_is_told_with_advice() -> void:
	for saved: String in ["", "garbage"]:
		assert_eq(_peer.resume_room(_relay.address(), saved), ERR_INVALID_PARAMETER, "result")

	assert_eq(_told, ["SAVED_INVALID", "SAVED_INVALID"] as Array[String], "told")
	var error := PackhorseError.from_code(PackhorseError.Code.SAVED_INVALID)
	assert_true("get_saved_session" in error.advice, error.advice)


func test_closing_in_the_first_stage_makes_the_call_fail() -> void:
	_peer.stage_changed.connect(_close_peer)

	assert_eq(_peer.create_room(_relay.address()), ERR_UNAVAILABLE, "creating")
	assert_eq(_peer.get_unique_id(), 0, "id")
	assert_eq(_peer.join_room(_relay.address(), FakeRelay.CODE), ERR_UNAVAILABLE, "joining")
	assert_eq(_peer.get_connection_status(), DISCONNECTED, "status")
	_peer.stage_changed.disconnect(_close_peer)
	assert_eq(_peer.join_room(_relay.address(), FakeRelay.CODE), OK, "without the handler")


func test_invite_names_the_relay_where_the_call_does_not() -> void:
	ProjectSettings.set_setting(Settings.RELAY_ADDRESS, "relay.invalid")
	_peer.join_room("", "K7QM-2XPA@" + _relay.address())
	ProjectSettings.clear(Settings.RELAY_ADDRESS)
	await _until(func() -> bool: return not _told.is_empty())

	assert_eq(_told, ["+1"] as Array[String], "told")


func test_relay_of_the_call_counts_more_than_that_of_the_invite() -> void:
	_peer.join_room(_relay.address(), "K7QM-2XPA@relay.invalid")
	await _until(func() -> bool: return not _told.is_empty())

	assert_eq(_told, ["+1"] as Array[String], "told")


func test_error_that_nobody_listens_to_becomes_a_warning() -> void:
	_peer.connection_error.disconnect(_on_peer_connection_error)
	var logger := EngineErrors.start()

	var result := _peer.join_room("127.0.0.1", "K7QM")

	var logged := EngineErrors.stop(logger)
	assert_eq(result, ERR_INVALID_PARAMETER, "result")
	if logger != null:
		assert_eq(logged.size(), 1, "warnings")
		assert_true("CODE_INVALID" in logged[0] and "K7QM-2XPA" in logged[0], str(logged))


func test_error_that_is_listened_to_is_no_warning() -> void:
	var logger := EngineErrors.start()

	_peer.join_room("127.0.0.1", "K7QM")

	assert_eq(EngineErrors.stop(logger), [] as Array[String], "warnings")
	assert_eq(_told, ["CODE_INVALID"] as Array[String], "told")


func _note_stage(stage: PackhorseMultiplayerPeer.Stage) -> void:
	var name: String = PackhorseMultiplayerPeer.Stage.find_key(stage)
	_stages.append(name + (" for %.1f" % _peer.retry_after if _peer.retry_after else ""))


func _close_peer(_stage: PackhorseMultiplayerPeer.Stage) -> void:
	_peer.close()


func _note_connected_stage(stage: PackhorseMultiplayerPeer.Stage) -> void:
	if stage == PackhorseMultiplayerPeer.Stage.CONNECTED:
		_told.append("stage of %s, %d" % [_peer.room_code, _peer.get_connection_status()])
