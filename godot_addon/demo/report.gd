extends Node
## Tells on the standard output what a bot sees, one JSON object a line; for tests.

const Arena := preload("arena.gd")
const Player := preload("player.gd")

const _SETTLED_AFTER := 2.0  # seconds after a round by which all scores have arrived

var _arena: Arena


## Begins to tell about [param arena].
func watch(arena: Arena) -> void:
	_arena = arena
	arena.player_added.connect(_on_arena_player_added)
	arena.player_removed.connect(_on_arena_player_removed)
	arena.said.connect(_on_arena_said)
	arena.round_told.connect(_on_arena_round_told)


## Prints that [param event] has happened.
func tell(event: StringName, fields := {}) -> void:
	var line := {"event": event}
	line.merge(fields)
	print(JSON.stringify(line))


func _scores() -> Dictionary:
	var scores := {}
	for player in _arena.players():
		scores[player.player_name] = player.score
	return scores


func _on_arena_player_added(_player: Player) -> void:
	await get_tree().process_frame  # the host gives the score after the player
	tell(&"players", {"scores": _scores()})


func _on_arena_player_removed(player: Player) -> void:
	tell(&"gone", {"name": player.player_name, "score": player.score})


func _on_arena_said(player: Player, text: String) -> void:
	tell(&"said", {"name": player.player_name, "text": text})


func _on_arena_round_told(number: int, _goal: int, winner: String) -> void:
	if not winner:
		tell(&"round", {"number": number})
		return
	await get_tree().create_timer(_SETTLED_AFTER).timeout
	var places := {}
	for player in _arena.players():
		places[player.player_name] = [player.position.x, player.position.y]
	tell(&"round_over", {"number": number, "winner": winner, "scores": _scores(), "places": places})
