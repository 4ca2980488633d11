extends SceneTree
## Two lobbies in one process: one hosts a public room, the other finds it in the list and joins.
##
## [codeblock]
## godot --headless --path godot_addon -s res://tests/e2e/two_lobbies.gd -- RELAY PASSWORD
## [/codeblock]
## The password may be empty. Prints what both saw and entered, as JSON.

const LobbyScene := preload("res://addons/packhorse/lobby/packhorse_lobby.tscn")

const _GIVE_UP_AFTER := 90.0  # seconds
const _ASK_EVERY := 0.5  # seconds

var _host: PackhorseLobby
var _guest: PackhorseLobby


func _initialize() -> void:
	var arguments := OS.get_cmdline_user_args()
	create_timer(_GIVE_UP_AFTER).timeout.connect(quit.bind(1))
	_host = _add_lobby("Host", arguments[0])
	_guest = _add_lobby("Guest", arguments[0])
	var password := arguments[1]
	_host.metadata = "Parcel Rush by Ada"
	_guest.entered.connect(_on_guest_entered)
	_host.entered.connect(_on_host_entered)
	await process_frame  # until then nodes are not ready
	var box: CheckButton = _host.get_node("%PublicBox")
	box.button_pressed = true
	for lobby: PackhorseLobby in [_host, _guest]:
		var field: LineEdit = lobby.get_node("%PasswordField")
		field.text = password
	_host.host()


func _add_lobby(lobby_name: String, relay: String) -> PackhorseLobby:
	var lobby: PackhorseLobby = LobbyScene.instantiate()
	lobby.name = lobby_name
	lobby.relay = relay
	set_multiplayer(MultiplayerAPI.create_default_interface(), NodePath("/root/" + lobby_name))
	root.add_child(lobby)
	return lobby


func _on_host_entered(code: String) -> void:
	var shown: Label = _host.get_node("%RoomLabel")
	print(JSON.stringify({"opened": code, "shown": shown.text}))
	_host.hide()
	var items: ItemList = _guest.get_node("%RoomItems")
	while items.item_count == 0:
		_guest.list_rooms()
		await create_timer(_ASK_EVERY).timeout
	print(JSON.stringify({"listed": items.get_item_text(0)}))
	items.item_activated.emit(0)


func _on_guest_entered(code: String) -> void:
	print(JSON.stringify({"entered": code, "hosted": _host.peer.room_code}))
	_guest.leave()
	_host.leave()
	quit(0)
