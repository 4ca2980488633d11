@icon("../icons/lobby.svg")
class_name PackhorseLobby
extends PanelContainer
## Ready-made lobby: host a game, join one by code or from the list of public rooms.
##
## Add it to your main scene, as a node or as
## [code]res://addons/packhorse/lobby/packhorse_lobby.tscn[/code], whose parts you see and change in
## the editor, and connect [signal entered] and [signal left]. The lobby sets
## [member MultiplayerAPI.multiplayer_peer]; RPCs, [MultiplayerSpawner] and
## [MultiplayerSynchronizer] then work as with any other peer.
## [codeblock]
## func _ready() -> void:
##     $PackhorseLobby.entered.connect(func(_code: String) -> void: start_game())
##     $PackhorseLobby.left.connect(func(_error: PackhorseError) -> void: stop_game())
## [/codeblock]
## Everything can be reached with keyboard and gamepad; [code]ui_cancel[/code] gives up connecting.
## The field for the relay shows when neither [member relay] nor the project setting
## [code]packhorse/relay/address[/code] names one.

## Emitted when the room has been entered; [param code] is for friends, as they type it.
signal entered(code: String)
## Emitted when connecting has ended without a room, or the room has been left. [param error] says
## why; null after [method leave] and Cancel.
signal left(error: PackhorseError)

## What the lobby shows.
enum Page {
	CHOICE,  ## How to get into a room.
	PROGRESS,  ## What connecting waits for.
	ROOM,  ## The code of the room, and how to leave it.
}

const _Invite := preload("../core/invite.gd")
const _RoomEntry := preload("room_entry.gd")
const _Settings := preload("../nodes/settings.gd")

const _SCENE := "packhorse_lobby.tscn"  # beside this script
const _PARTS := ^"Margin"
const _STAGE_WORDS: Dictionary[int, String] = {
	PackhorseMultiplayerPeer.Stage.RESOLVING: "Looking up the relay",
	PackhorseMultiplayerPeer.Stage.REACHING_UDP: "Reaching the relay",
	PackhorseMultiplayerPeer.Stage.REACHING_WEBSOCKET: "Reaching the relay by WebSocket",
	PackhorseMultiplayerPeer.Stage.AUTHENTICATING: "Showing who you are",
	PackhorseMultiplayerPeer.Stage.JOINING: "Entering the room",
	PackhorseMultiplayerPeer.Stage.WAITING: "Waiting for the host to let you in",
	PackhorseMultiplayerPeer.Stage.CONNECTED: "Connected",
	PackhorseMultiplayerPeer.Stage.PAUSED: "Too many requests: the relay asks to wait {seconds} s",
}

## Relay of this lobby, [code]host[/code] or [code]host:port[/code]; empty for the project setting,
## and without that for what the player types.
@export var relay := "":
	set(value):
		relay = value
		if is_node_ready():
			_show_relay_row()
## How rooms are created and joined; null for the project settings. Password and player name are
## filled in from the lobby's fields.
@export var options: PackhorseRoomOptions
## What the list of public rooms shows about a room hosted here, for example the game's name; at
## most 512 bytes of UTF-8.
@export var metadata := ""
## Shows the choice whether everybody may see the room, and the rooms that everybody may see.
@export var has_public_rooms := true
## Hides the lobby while in a room; call [method CanvasItem.show] for its code and Leave.
@export var hides_in_room := false

## The peer that connects. Set another before entering, or connect to the signals of this one.
var peer := PackhorseMultiplayerPeer.new():
	set(value):
		_watch(peer, false)
		peer = value
		_watch(peer, true)
## Name of the player, as typed.
var player_name: String:
	get:
		return _name_field.text.strip_edges()
	set(value):
		_name_field.text = value
## What is shown now.
var page := Page.CHOICE

var _list := PackhorseRoomList.new()
var _rooms: Array[_RoomEntry] = []
var _used := PackhorseRoomOptions.new()

@onready var _scroll: ScrollContainer = %Scroll
@onready var _inner: Control = %Inner
@onready var _relay_field: LineEdit = %RelayField
@onready var _name_field: LineEdit = %NameField
@onready var _code_field: LineEdit = %CodeField
@onready var _password_field: LineEdit = %PasswordField
@onready var _public_box: CheckButton = %PublicBox
@onready var _room_items: ItemList = %RoomItems
@onready var _rooms_note: Label = %RoomsNote
@onready var _status_label: Label = %StatusLabel
@onready var _room_label: Label = %RoomLabel
@onready var _copied_label: Label = %CopiedLabel


func _init() -> void:
	add_child(_list)


func _enter_tree() -> void:
	if not has_node(_PARTS):
		_take_parts()


func _ready() -> void:
	_watch(peer, true)
	_list.rooms_listed.connect(_on_list_rooms_listed)
	_list.listing_failed.connect(_on_list_listing_failed)
	(%HostButton as Button).pressed.connect(host)
	(%JoinButton as Button).pressed.connect(_join_typed)
	_code_field.text_submitted.connect(func(_text: String) -> void: _join_typed())
	_room_items.item_activated.connect(_on_room_items_item_activated)
	(%RefreshButton as Button).pressed.connect(list_rooms)
	(%CancelButton as Button).pressed.connect(leave)
	(%LeaveButton as Button).pressed.connect(leave)
	(%CopyCodeButton as Button).pressed.connect(copy_code)
	(%CopyInviteButton as Button).pressed.connect(copy_invite)
	visibility_changed.connect(_take_focus)
	_inner.minimum_size_changed.connect(_fit)
	_status_label.item_rect_changed.connect(_reveal_status, CONNECT_DEFERRED)
	_scroll.get_v_scroll_bar().changed.connect(_reveal_status, CONNECT_DEFERRED)
	get_viewport().size_changed.connect(_fit)
	_fit()
	_show_relay_row()
	(%PublicRooms as Control).visible = has_public_rooms
	_public_box.visible = has_public_rooms
	_turn_to(Page.CHOICE)


func _unhandled_input(event: InputEvent) -> void:
	if page == Page.PROGRESS and is_visible_in_tree() and event.is_action_pressed(&"ui_cancel"):
		get_viewport().set_input_as_handled()
		leave()


## Creates a room, as the button Host does.
func host() -> void:
	_begin(peer.create_room(relay_text(), _used_options()))


## Joins the room that [param code_or_invite] names: [code]K7QM-2XPA[/code] in any case, or
## [code]CODE@relay[/code].
func join(code_or_invite: String) -> void:
	var invite := _Invite.parse(code_or_invite)
	if invite == null:
		_show_status(words_of(PackhorseError.from_code(PackhorseError.Code.CODE_INVALID)))
		return
	if invite.relay:
		_relay_field.text = invite.relay
	var where := invite.relay if invite.relay else relay_text()
	_begin(peer.join_room(where, invite.code, _used_options()))


## Takes up the session of a crashed game; [param saved] is what
## [method PackhorseMultiplayerPeer.get_saved_session] gave.
func resume(saved: String) -> void:
	_begin(peer.resume_room(relay_text(), saved, _used_options()))


## Leaves the room, or gives up connecting; harmless otherwise.
func leave() -> void:
	if page == Page.CHOICE:
		return
	peer.close()
	_turn_to(Page.CHOICE)
	_show_status("")
	left.emit(null)


## Asks the relay for its public rooms.
func list_rooms() -> void:
	_show_status("")
	_rooms_note.show()
	_rooms_note.text = "Asking the relay…"
	_list.list_rooms(relay_text(), options)


## Puts the code of the room into the clipboard.
func copy_code() -> void:
	_copy(peer.room_code)


## Puts code and relay into the clipboard, for friends who would have to type the relay.
func copy_invite() -> void:
	_copy(_Invite.compose(peer.room_code, relay_text()))


## Returns the relay that is used: the invite's or typed one, [member relay], or the setting.
func relay_text() -> String:
	var typed := _relay_field.text.strip_edges()
	return typed if typed else _Settings.relay_or_default(relay)


## Returns [param error] as sentences for players.
static func words_of(error: PackhorseError) -> String:
	var text := "%s. %s." % [_capitalised(error.message), _capitalised(error.advice)]
	if error.retry_after > 0.0:
		text += " Try again in %.0f s." % ceilf(error.retry_after)
	return text


static func _capitalised(text: String) -> String:
	return text.left(1).to_upper() + text.substr(1)


## Takes the parts of the scene: this lobby was added as a node.
func _take_parts() -> void:
	var script: Script = get_script()
	var scene: PackedScene = load(script.resource_path.get_base_dir().path_join(_SCENE))
	var whole := scene.instantiate()
	var top := whole.get_node(_PARTS)
	var parts := top.find_children("*")
	parts.append(top)
	for part in parts:
		part.owner = null
	whole.remove_child(top)
	whole.free()
	add_child(top)
	for part in parts:
		part.owner = self


func _show_relay_row() -> void:
	(%RelayRow as Control).visible = not _Settings.relay_or_default(relay)


func _join_typed() -> void:
	join(_code_field.text)


func _used_options() -> PackhorseRoomOptions:
	_used = _Settings.complete(options)
	if player_name:
		_used.player_name = player_name
	if _password_field.text:
		_used.password = _password_field.text
	if has_public_rooms:
		_used.listed = _public_box.button_pressed
	if metadata:
		_used.metadata = metadata
	return _used


## Goes on when a call to the peer went well; else its error has been shown.
func _begin(result: Error) -> void:
	if result != OK:
		return
	multiplayer.multiplayer_peer = null  # forgets the peers of a room left just now
	multiplayer.multiplayer_peer = peer
	_show_status("")
	_turn_to(Page.PROGRESS)


func _watch(watched: PackhorseMultiplayerPeer, is_watched: bool) -> void:
	if watched == null or not is_node_ready() and not is_watched:
		return
	var handlers: Dictionary[StringName, Callable] = {
		&"stage_changed": _on_peer_stage_changed,
		&"room_created": _on_peer_room_created,
		&"connection_error": _on_peer_connection_error,
	}
	for signal_name in handlers:
		var handler := handlers[signal_name]
		if is_watched and not watched.is_connected(signal_name, handler):
			watched.connect(signal_name, handler)
		elif not is_watched and watched.is_connected(signal_name, handler):
			watched.disconnect(signal_name, handler)


func _on_peer_stage_changed(stage: PackhorseMultiplayerPeer.Stage) -> void:
	var words: String = _STAGE_WORDS.get(stage, "Connecting")
	(%StageLabel as Label).text = "%s…" % words.format({"seconds": ceili(peer.retry_after)})
	_enter()


func _on_peer_room_created(_code: String) -> void:
	if _used.listed:
		peer.set_room_options(_used)


## Turns to the room once the peer is in it.
func _enter() -> void:
	var status := peer.get_connection_status()
	if page != Page.PROGRESS or status != MultiplayerPeer.CONNECTION_CONNECTED:
		return
	_room_label.text = peer.room_code
	_copied_label.text = ""
	_turn_to(Page.ROOM)
	visible = not hides_in_room
	entered.emit(peer.room_code)


func _on_peer_connection_error(error: PackhorseError) -> void:
	var was_choosing := page == Page.CHOICE
	_show_status(words_of(error))
	_turn_to(Page.CHOICE)
	show()
	if not was_choosing:
		left.emit(error)


func _show_status(text: String) -> void:
	_status_label.text = text
	_status_label.visible = not text.is_empty()


## Scrolls to the status wherever it is laid out.
func _reveal_status() -> void:
	if _status_label.is_visible_in_tree():
		_scroll.ensure_control_visible(_status_label)


func _on_list_rooms_listed(rooms: Array[Dictionary]) -> void:
	_rooms = _RoomEntry.all_of(rooms)
	_room_items.clear()
	for room in _rooms:
		var index := _room_items.add_item(room.words())
		_room_items.set_item_tooltip_enabled(index, false)
	_room_items.visible = not _rooms.is_empty()
	_rooms_note.visible = _rooms.is_empty()
	_rooms_note.text = "No public rooms now: host the first one."


func _on_list_listing_failed(error: PackhorseError) -> void:
	_rooms_note.text = words_of(error)


func _on_room_items_item_activated(index: int) -> void:
	join(_rooms[index].code)


func _copy(text: String) -> void:
	DisplayServer.clipboard_set(text)
	_copied_label.text = "Copied: %s" % text


## In a window that is too low for a page, the page is scrolled.
func _fit() -> void:
	var scroll_height := _scroll.get_combined_minimum_size().y
	var frame := get_combined_minimum_size().y - scroll_height
	var room := get_viewport_rect().size.y - frame
	_scroll.custom_minimum_size.y = clampf(_inner.get_combined_minimum_size().y, 0.0, room)


func _turn_to(next: Page) -> void:
	page = next
	(%ChoicePage as Control).visible = next == Page.CHOICE
	(%ProgressPage as Control).visible = next == Page.PROGRESS
	(%RoomPage as Control).visible = next == Page.ROOM
	_take_focus()


## Keyboard and gamepad start at the likeliest button.
func _take_focus() -> void:
	var first: Control = {
		Page.CHOICE: %HostButton, Page.PROGRESS: %CancelButton, Page.ROOM: %CopyCodeButton
	}[page]
	if first.is_visible_in_tree():
		first.grab_focus()
