extends Node
## The host's part of the game: lays out parcels, and decides who has one and who was run into.

const Arena := preload("arena.gd")
const Parcel := preload("parcel.gd")
const Player := preload("player.gd")

const _PARCELS := 5  # count, and two more for each player
const _GOLDEN_SHARE := 0.12
const _REACH := Player.RADIUS + Parcel.RADIUS + 8.0  # pixels; generous to who is far away
const _BUMP_REACH := Player.RADIUS * 2.0 + 10.0  # pixels
const _BUMP_SPEED := 620.0  # pixels a second
const _BUMP_PAUSE := 0.9  # seconds in which nobody is run into twice
const _PAUSE := 6.0  # seconds between two rounds

## Number of the round, from 1.
var number := 0
## Score that wins a round.
var goal := 30
## Name of who won; empty while the round is played.
var winner := ""

var _is_running := false
var _pause_left := 0.0
var _safe_until: Dictionary[int, float] = {}  # by peer, clock seconds
var _arena: Arena


func _ready() -> void:
	_arena = get_parent()


func _physics_process(delta: float) -> void:
	if not _is_running:
		return
	if winner:
		_pause_left -= delta
		if _pause_left <= 0.0:
			_begin_round()
		return
	_lay_out()
	_hand_over()
	_see_bumps()
	_see_winner()


## Begins the first round.
func begin() -> void:
	_is_running = true
	number = 0
	_begin_round()


## Stops deciding.
func stop() -> void:
	_is_running = false
	_safe_until.clear()


func _begin_round() -> void:
	number += 1
	winner = ""
	for player in _arena.players():
		player.score = 0
	_arena.tell_round.rpc(number, goal, winner)


func _lay_out() -> void:
	var wanted := _PARCELS + 2 * _arena.players().size()
	if _arena.parcels().size() >= wanted:
		return
	var room := Player.FIELD.grow(-20.0)
	var place := room.position + Vector2(randf(), randf()) * room.size
	_arena.put_parcel(place, Parcel.GOLDEN_VALUE if randf() < _GOLDEN_SHARE else 1)


func _hand_over() -> void:
	for parcel in _arena.parcels():
		var nearest := _nearest(parcel.position)
		if nearest != null:
			nearest.score += parcel.value
			parcel.queue_free()


func _nearest(place: Vector2) -> Player:
	var best: Player = null
	var best_distance := _REACH
	for player in _arena.players():
		var distance := player.sent_place.distance_to(place)
		if distance < best_distance:
			best = player
			best_distance = distance
	return best


func _see_bumps() -> void:
	var all := _arena.players()
	for runner in all:
		if not runner.is_dashing:
			continue
		for other in all:
			var way := other.sent_place - runner.sent_place
			if other != runner and way.length() < _BUMP_REACH and _may_be_bumped(other.peer):
				_bump(other, way.normalized())


func _may_be_bumped(peer: int) -> bool:
	return Time.get_ticks_msec() / 1000.0 >= _safe_until.get(peer, 0.0)


func _bump(player: Player, direction: Vector2) -> void:
	_safe_until[player.peer] = Time.get_ticks_msec() / 1000.0 + _BUMP_PAUSE
	player.knock.rpc_id(player.peer, direction * _BUMP_SPEED)
	if player.score > 0:
		player.score -= 1
		_arena.put_parcel(_behind(player, direction), 1)


func _behind(player: Player, direction: Vector2) -> Vector2:
	var place := player.sent_place - direction.rotated(randf_range(-0.8, 0.8)) * 90.0
	return place.clamp(Player.FIELD.position, Player.FIELD.end)


func _see_winner() -> void:
	for player in _arena.players():
		if player.score >= goal:
			winner = player.player_name
			_pause_left = _PAUSE
			for parcel in _arena.parcels():
				parcel.queue_free()
			_arena.tell_round.rpc(number, goal, winner)
			return
