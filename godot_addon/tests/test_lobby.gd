extends "res://tests/test_case.gd"
## The lobby, with a fake relay on the loopback.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const FakeRelay := preload("res://tests/support/fake_relay.gd")
const LobbyScene := preload("res://addons/packhorse/lobby/packhorse_lobby.tscn")

const UdpRelay := preload("res://tests/support/udp_relay.gd")

var _relay := UdpRelay.new()
var _lobby: PackhorseLobby
var _told: Array[String] = []


func test_host_enters_a_room_and_its_code_is_shown() -> void:
	_open(_relay.address())
	_relay.grant_changes = {&"peer": 1, &"rev": 1}
	_relay.members = [1]

	_button("HostButton").pressed.emit()
	assert_eq(_lobby.page, PackhorseLobby.Page.PROGRESS, "page while connecting")
	assert_eq(_label("StageLabel").text, "Looking up the relay…", "first stage")
	await _until(func() -> bool: return not _told.is_empty())

	assert_eq(_told, ["entered K7QM-2XPA"] as Array[String], "told")
	assert_eq(_label("RoomLabel").text, "K7QM-2XPA", "code shown")
	assert_true(_lobby.multiplayer.multiplayer_peer == _lobby.peer, "the peer is the game's")
	_close()


func test_lobby_that_is_added_as_a_node_has_all_parts() -> void:
	_lobby = PackhorseLobby.new()
	_lobby.relay = _relay.address()
	_lobby.entered.connect(func(code: String) -> void: _told.append("entered " + code))
	tree.root.add_child(_lobby)
	tree.root.remove_child(_lobby)
	tree.root.add_child(_lobby)

	_field("CodeField").text = "K7QM-2XPA"
	_button("JoinButton").pressed.emit()
	await _until(func() -> bool: return not _told.is_empty())

	assert_eq(_told, ["entered K7QM-2XPA"] as Array[String], "told")
	assert_eq(_label("RoomLabel").text, "K7QM-2XPA", "code shown")
	_close()


func test_code_is_taken_in_lower_case() -> void:
	_open(_relay.address())
	_field("CodeField").text = " k7qm 2xpa "

	_button("JoinButton").pressed.emit()
	await _until(func() -> bool: return not _told.is_empty())

	assert_eq(_told, ["entered K7QM-2XPA"] as Array[String], "told")
	_close()


func test_invite_names_the_relay() -> void:
	_open("relay.invalid")

	_lobby.join("K7QM-2XPA@" + _relay.address())
	await _until(func() -> bool: return not _told.is_empty())

	assert_eq(_told, ["entered K7QM-2XPA"] as Array[String], "told")
	assert_eq(_lobby.relay_text(), _relay.address(), "relay of the room")
	_close()


func test_text_that_is_no_code_is_explained() -> void:
	_open(_relay.address())

	_lobby.join("hello")

	assert_eq(_lobby.page, PackhorseLobby.Page.CHOICE, "page")
	assert_eq(
		_label("StatusLabel").text,
		(
			"This is no room code. A room code has 8 letters and digits, like K7QM-2XPA; U is never "
			+ "one of them."
		),
		"words"
	)
	assert_eq(_told, [] as Array[String], "nothing was begun, so nothing has ended")
	_close()


func test_missing_relay_is_explained_and_its_field_is_shown() -> void:
	_open("")

	_button("HostButton").pressed.emit()

	assert_true(_control("RelayRow").visible, "field for the relay")
	assert_true(_label("StatusLabel").text.begins_with("No relay is named."), "words")
	_close()


func test_field_for_the_relay_is_hidden_when_the_setting_names_one() -> void:
	ProjectSettings.set_setting("packhorse/relay/address", _relay.address())

	_open("")
	var is_shown := _control("RelayRow").visible
	var used := _lobby.relay_text()
	ProjectSettings.set_setting("packhorse/relay/address", "")

	assert_true(not is_shown, "hidden")
	assert_eq(used, _relay.address(), "relay")
	_close()


func test_cancel_gives_up_and_tells_no_error() -> void:
	_open("192.0.2.1")
	_lobby.host()

	var event := InputEventAction.new()
	event.action = &"ui_cancel"
	event.pressed = true
	tree.root.push_input(event)

	assert_eq(_lobby.page, PackhorseLobby.Page.CHOICE, "page")
	assert_eq(_told, ["left "] as Array[String], "told")
	assert_eq(
		_lobby.peer.get_connection_status(), MultiplayerPeer.CONNECTION_DISCONNECTED, "status"
	)
	_close()


func test_room_left_and_another_entered_at_once_leaves_no_peers_behind() -> void:
	_relay.members = [1, 2, 3]
	_open(_relay.address())
	_lobby.join(FakeRelay.CODE)
	await _until(func() -> bool: return not _told.is_empty())
	assert_eq(_lobby.multiplayer.get_peers().size(), 2, "peers of the first room")

	_relay = UdpRelay.new()
	_lobby.relay = _relay.address()
	_lobby.leave()
	_lobby.join(FakeRelay.CODE)
	await _until(func() -> bool: return _told.size() > 2)

	assert_eq(_lobby.multiplayer.get_peers(), PackedInt32Array([1]), "peers of the second")
	_close()


func test_room_that_ends_is_explained() -> void:
	_open(_relay.address())
	_lobby.hides_in_room = true
	_lobby.join(FakeRelay.CODE)
	await _until(func() -> bool: return not _told.is_empty())
	assert_true(not _lobby.visible, "hidden in the room")

	_relay.send(_relay.relay.seal(Constants.MessageType.CLOSED, {&"code": 400}))
	await _until(func() -> bool: return _told.size() > 1)

	assert_eq(_told[1], "left ROOM_CLOSED", "told")
	assert_true(_lobby.visible, "shown again")
	assert_eq(
		_label("StatusLabel").text,
		"The host closed the room. Ask the host for a new code.",
		"words"
	)
	_close()


func test_list_that_cannot_be_asked_for_is_explained() -> void:
	_open("two words")
	_lobby.list_rooms()
	var unreadable := _label("RoomsNote").text
	_lobby.relay = ""
	_lobby.list_rooms()
	var missing := _label("RoomsNote").text

	assert_true(unreadable.begins_with("The relay's address cannot be read."), unreadable)
	assert_true(missing.begins_with("No relay is named."), missing)
	_close()


func test_list_that_is_asked_for_twice_is_waited_for() -> void:
	_open(_relay.address())

	_lobby.list_rooms()
	_lobby.list_rooms()

	assert_eq(_label("RoomsNote").text, "Asking the relay…", "words")
	_close()


func test_every_stage_has_words() -> void:
	_open(_relay.address())
	for stage: PackhorseMultiplayerPeer.Stage in PackhorseMultiplayerPeer.Stage.values():
		if stage != PackhorseMultiplayerPeer.Stage.CONNECTED:
			_lobby.peer.stage_changed.emit(stage)
			assert_true(_label("StageLabel").text != "Connecting…", "stage %d" % stage)
	_close()


func test_pause_that_the_relay_asks_for_is_shown_with_its_seconds() -> void:
	_relay.pause = 1.3
	_open(_relay.address())
	_lobby.join(FakeRelay.CODE)
	await _until(func() -> bool: return "wait" in _label("StageLabel").text)
	assert_eq(_label("StageLabel").text, "Too many requests: the relay asks to wait 2 s…", "words")
	await _until(func() -> bool: return not _told.is_empty())

	assert_eq(_told, ["entered K7QM-2XPA"] as Array[String], "told")
	_close()


func test_focus_starts_at_a_button_on_every_page() -> void:
	_open(_relay.address())
	assert_eq(_focused(), &"HostButton", "choice")
	_lobby.join(FakeRelay.CODE)
	assert_eq(_focused(), &"CancelButton", "progress")
	await _until(func() -> bool: return not _told.is_empty())
	assert_eq(_focused(), &"CopyCodeButton", "room")
	_lobby.leave()
	assert_eq(_focused(), &"HostButton", "after leaving")
	_close()


func test_another_peer_takes_the_place_of_the_first() -> void:
	_open(_relay.address())
	var first := _lobby.peer

	_lobby.peer = PackhorseMultiplayerPeer.new()
	first.connection_error.connect(func(_error: PackhorseError) -> void: pass)
	first.connection_error.emit(PackhorseError.from_code(PackhorseError.Code.NO_ANSWER))
	_lobby.join(FakeRelay.CODE)
	await _until(func() -> bool: return not _told.is_empty())

	assert_eq(_told, ["entered K7QM-2XPA"] as Array[String], "told by the second alone")
	_close()


func test_lobby_without_a_container_stands_in_the_middle_and_stays_there() -> void:
	var parent := Control.new()
	tree.root.add_child(parent)
	_lobby = LobbyScene.instantiate()
	parent.add_child(_lobby)

	for size: Vector2 in [Vector2(1280, 720), Vector2(900, 800)]:
		parent.size = size
		await tree.process_frame
		await tree.process_frame
		var off := _lobby.get_rect().get_center() - size / 2.0
		assert_true(off.length() < 1.0, "%s off the middle of %s" % [off, size])
	_close()
	parent.free()


func test_page_that_is_higher_than_the_window_is_scrolled() -> void:
	var window := SubViewport.new()
	window.size = Vector2i(640, 300)
	tree.root.add_child(window)
	_lobby = LobbyScene.instantiate()
	_lobby.relay = "192.0.2.1"
	window.add_child(_lobby)
	await tree.process_frame
	await tree.process_frame
	var low := _lobby.get_rect()
	_lobby.join(FakeRelay.CODE)
	_lobby.peer.connection_error.emit(PackhorseError.from_code(PackhorseError.Code.NO_ANSWER))
	for _frame in 4:
		await tree.process_frame
	var status := _label("StatusLabel").get_global_rect()
	assert_true(low.encloses(status), "words about the error: %s" % status)

	window.size = Vector2i(640, 900)
	await tree.process_frame
	await tree.process_frame
	var high := _lobby.get_rect()

	assert_true(Rect2(0, 0, 640, 300).encloses(low), "in a low window: %s" % low)
	var pages := _control("Inner").size.y
	assert_true(pages <= _control("Scroll").size.y, "nothing to scroll in a high one: %s" % high)
	_close()
	window.free()


func test_container_places_the_lobby() -> void:
	var parent := VBoxContainer.new()
	tree.root.add_child(parent)
	_lobby = LobbyScene.instantiate()
	parent.add_child(_lobby)
	await tree.process_frame
	await tree.process_frame

	assert_eq(_lobby.position, Vector2.ZERO, "position")
	_close()
	parent.free()


func _open(relay: String) -> void:
	_lobby = LobbyScene.instantiate()
	_lobby.relay = relay
	_lobby.entered.connect(func(code: String) -> void: _told.append("entered " + code))
	_lobby.left.connect(_on_lobby_left)
	tree.root.add_child(_lobby)


func _close() -> void:
	_lobby.peer.close()
	_lobby.multiplayer.multiplayer_peer = OfflineMultiplayerPeer.new()
	_lobby.free()


func _until(condition: Callable) -> void:
	while not condition.call():
		_relay.poll()
		await tree.process_frame


func _button(unique_name: String) -> Button:
	return _lobby.get_node("%" + unique_name)


func _label(unique_name: String) -> Label:
	return _lobby.get_node("%" + unique_name)


func _field(unique_name: String) -> LineEdit:
	return _lobby.get_node("%" + unique_name)


func _control(unique_name: String) -> Control:
	return _lobby.get_node("%" + unique_name)


func _focused() -> StringName:
	var owner := tree.root.gui_get_focus_owner()
	return owner.name if owner != null else &""


func _on_lobby_left(error: PackhorseError) -> void:
	_told.append("left " + (error.name if error != null else ""))
