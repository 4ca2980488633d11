extends Node2D
## The players, the parcels and who says what; the same over every kind of peer.
##
## [MultiplayerSpawner] makes players and parcels on every peer, [MultiplayerSynchronizer] moves the
## players and keeps their scores. Both go from the host or the owner straight to everybody.

## Emitted when a player has come.
signal player_added(player: Player)
## Emitted when a player has gone.
signal player_removed(player: Player)
## Emitted when a player has said something.
signal said(player: Player, text: String)
## Emitted when a round begins, and when it ends: then [param winner] is the name of who won it.
signal round_told(number: int, goal: int, winner: String)
## Emitted when the host was restarted: who is in the room has to leave it and come back.
signal host_restarted
## Emitted when somebody has taken a parcel or was run into, at [param place].
signal shaken(place: Vector2, strength: float)

const Burst := preload("burst.gd")
const Palette := preload("palette.gd")
const Parcel := preload("parcel.gd")
const Player := preload("player.gd")
const Referee := preload("referee.gd")
const ParcelScene := preload("parcel.tscn")
const PlayerScene := preload("player.tscn")

const _LONGEST_NAME := 16  # characters
const _LONGEST_TEXT := 120  # characters
const _LONGEST_SEAT := 32  # characters
const _LEAVE_TIME := 5  # seconds in which the others have to leave
const _MAX_SEATS := 64  # players who left whose score the host keeps

## How this player is called.
var my_name := ""
## A random text of this player's own; whoever comes back with it gets the score back.
var my_seat := ""

var _followers: Dictionary[int, bool] = {}  # peers that have our player and want its movement
var _followed: Dictionary[int, bool] = {}  # peers that we have asked for theirs
var _seats: Dictionary[int, String] = {}  # on the host, by peer
var _kept_scores: Dictionary[String, int] = {}  # on the host, by seat

@onready var referee: Referee = $Referee
@onready var _players: Node2D = $Players
@onready var _parcels: Node2D = $Parcels
@onready var _player_spawner: MultiplayerSpawner = $PlayerSpawner
@onready var _parcel_spawner: MultiplayerSpawner = $ParcelSpawner


func _ready() -> void:
	_player_spawner.spawn_function = _make_player
	_parcel_spawner.spawn_function = _make_parcel
	_players.child_exiting_tree.connect(_on_players_child_exiting_tree)
	_parcels.child_exiting_tree.connect(_on_parcels_child_exiting_tree)
	multiplayer.peer_connected.connect(_on_multiplayer_peer_connected)
	multiplayer.peer_disconnected.connect(_on_multiplayer_peer_disconnected)


## Begins a game on the host.
func open() -> void:
	_seat(1, my_name, my_seat)
	referee.begin()


## Begins a game in a room that this host has taken up again after a crash.
##
## Godot still knows the nodes of the host's earlier process on the others' side; only who comes
## anew has a clean start.
func open_again() -> void:
	tell_restart.rpc()
	var give_up_at := Time.get_ticks_msec() + _LEAVE_TIME * 1000
	while multiplayer.get_peers() and Time.get_ticks_msec() < give_up_at:
		await get_tree().process_frame
	var status := multiplayer.multiplayer_peer.get_connection_status()
	if status == MultiplayerPeer.CONNECTION_CONNECTED:
		open()


## Takes part in the host's game.
func enter() -> void:
	introduce.rpc_id(1, my_name, my_seat)


## Ends the game on this peer.
func close() -> void:
	referee.stop()
	for child: Node in _players.get_children() + _parcels.get_children():
		child.queue_free()
	_followers.clear()
	_followed.clear()
	_seats.clear()
	_kept_scores.clear()


## Returns all players.
func players() -> Array[Player]:
	var found: Array[Player] = []
	for child in _players.get_children():
		var player := child as Player
		if player != null and not player.is_queued_for_deletion():
			found.append(player)
	return found


## Returns the player of the peer [param id]; null when it has none.
func player_of(id: int) -> Player:
	for player in players():
		if player.peer == id:
			return player
	return null


## Returns the parcels that lie about.
func parcels() -> Array[Parcel]:
	var found: Array[Parcel] = []
	for child in _parcels.get_children():
		var parcel := child as Parcel
		if parcel != null and not parcel.is_queued_for_deletion():
			found.append(parcel)
	return found


## Makes a parcel on every peer; for the host.
func put_parcel(place: Vector2, value: int) -> void:
	_parcel_spawner.spawn([place, value])


## Says something to everybody. The sender is known from the call, and cannot be chosen.
@rpc("any_peer", "call_local", "reliable")
func say(text: String) -> void:
	var player := player_of(multiplayer.get_remote_sender_id())
	var line := _one_line(text, _LONGEST_TEXT)
	if player != null and line:
		said.emit(player, line)


## Asks the host to let us play.
@rpc("any_peer", "call_remote", "reliable")
func introduce(wanted_name: String, seat: String) -> void:
	if multiplayer.is_server():
		_seat(multiplayer.get_remote_sender_id(), wanted_name, seat.left(_LONGEST_SEAT))


## Tells the owner of a player that it has appeared here, so that its movement may follow.
@rpc("any_peer", "call_remote", "reliable")
func follow() -> void:
	_followers[multiplayer.get_remote_sender_id()] = true
	_show_to_followers()


## Tells everybody that the host was restarted.
@rpc("authority", "call_remote", "reliable")
func tell_restart() -> void:
	host_restarted.emit()


## Tells everybody how the round stands.
@rpc("authority", "call_local", "reliable")
func tell_round(number: int, goal: int, winner: String) -> void:
	round_told.emit(number, goal, winner)


func _seat(id: int, wanted_name: String, seat: String) -> void:
	if player_of(id) != null or _players.get_child_count() >= Palette.COATS.size():
		return
	_seats[id] = seat
	var player: Player = _player_spawner.spawn(
		[id, _free_name(wanted_name), _free_coat(), _free_place()]
	)
	player.score = _kept_scores.get(seat, 0)
	if id != 1:
		tell_round.rpc_id(id, referee.number, referee.goal, referee.winner)


func _free_name(wanted: String) -> String:
	var base := _one_line(wanted, _LONGEST_NAME)
	if not base:
		base = "Player"
	var taken := players().map(func(player: Player) -> String: return player.player_name)
	var free := base
	var number := 2
	while free in taken:
		free = "%s %d" % [base, number]
		number += 1
	return free


func _free_coat() -> int:
	var taken := players().map(func(player: Player) -> int: return player.coat)
	var coat := 0
	while coat in taken:
		coat += 1
	return coat


func _free_place() -> Vector2:
	return (
		Player.FIELD.grow(-80.0).position
		+ Vector2(randf(), randf()) * (Player.FIELD.grow(-80.0).size)
	)


func _make_player(data: Variant) -> Node:
	var fields: Array = data
	var player: Player = PlayerScene.instantiate()
	var id: int = fields[0]
	player.name = str(id)
	player.player_name = fields[1]
	player.coat = fields[2]
	player.position = fields[3]
	player.give_to(id)
	player.ready.connect(_on_player_ready.bind(player))
	return player


func _make_parcel(data: Variant) -> Node:
	var fields: Array = data
	var parcel: Parcel = ParcelScene.instantiate()
	parcel.position = fields[0]
	parcel.value = fields[1]
	return parcel


func _follow(id: int) -> void:
	var player := player_of(id)
	if player == null or player.is_mine() or _followed.has(id) or id == 1:
		return
	if id in multiplayer.get_peers():
		_followed[id] = true
		follow.rpc_id(id)


func _show_to_followers() -> void:
	var mine := player_of(multiplayer.get_unique_id())
	if mine != null and mine.is_node_ready():
		for follower in _followers:
			mine.show_to(follower)


func _on_player_ready(player: Player) -> void:
	player.score_changed.connect(_on_player_score_changed.bind(player))
	player.knocked.connect(func() -> void: shaken.emit(player.position, 9.0))
	if player.is_mine():
		_show_to_followers()
	else:
		_follow(player.peer)
	player_added.emit(player)


func _on_player_score_changed(change: int, player: Player) -> void:
	if change > 0 and player.is_mine():
		shaken.emit(player.position, 2.0 + change)
	elif change == -1:
		Burst.at(player.position, Palette.RIBBON, 14, self)


func _on_players_child_exiting_tree(child: Node) -> void:
	var player := child as Player
	if player != null and is_node_ready() and not is_queued_for_deletion():
		_followed.erase(player.peer)
		player_removed.emit(player)


func _on_parcels_child_exiting_tree(child: Node) -> void:
	var parcel := child as Parcel
	if parcel != null and parcel.is_queued_for_deletion():
		var tint := Palette.GOLD if parcel.is_golden() else Palette.KRAFT
		Burst.at.call_deferred(parcel.position, tint, 26 if parcel.is_golden() else 12, self)


## A program that was started again has the same id and none of our nodes.
func _on_multiplayer_peer_connected(id: int) -> void:
	var mine := player_of(multiplayer.get_unique_id())
	if mine != null and mine.is_node_ready():
		mine.show_to(id, false)
	_follow(id)


func _on_multiplayer_peer_disconnected(id: int) -> void:
	_followers.erase(id)
	_followed.erase(id)
	var player := player_of(id)
	if multiplayer.is_server() and player != null:
		if _kept_scores.size() < _MAX_SEATS:
			_kept_scores[_seats[id]] = player.score
		_seats.erase(id)
		player.queue_free()


## Others choose these words: no line breaks, no endless lines.
static func _one_line(text: String, longest: int) -> String:
	return text.left(longest).replace("\n", " ").replace("\t", " ").strip_escapes().strip_edges()
