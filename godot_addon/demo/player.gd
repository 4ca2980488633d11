extends Node2D
## One player: moves by itself where it is ours, else is drawn where its owner says it was.
##
## Each player has authority over its own movement, so that it answers to the keys at once, whatever
## the round-trip time; a friend who cheats here could only move faster. The host has authority over
## all that is won or lost: scores, parcels and bumps.

## Emitted when the score has changed, by [param change].
signal score_changed(change: int)
## Emitted when somebody has run into this player.
signal knocked

const Palette := preload("palette.gd")
const Snapshots := preload("snapshots.gd")
const PlayerArt := preload("player_art.gd")

const RADIUS := 20.0  # pixels
const FIELD := Rect2(60, 96, 1160, 564)  # pixels; where centres of players may be

const _MARGIN := 50.0  # pixels around the field where names may be
const _NAME_ABOVE := -52.0  # pixels; where the name is
const _NAME_BELOW := 26.0  # pixels; at the upper fence
const _SPEED := 300.0  # pixels a second
const _DASH_SPEED := 720.0  # pixels a second
const _ACCELERATION := 2000.0  # pixels a second, each second
const _DASH_TIME := 0.2  # seconds
const _DASH_PAUSE := 1.1  # seconds from one dash to the next
const _BOUNCE := 0.5  # of the speed is left when running into the fence
const _TRAIL_TIME := 0.65  # seconds

## Id of the owner.
var peer := 1
var player_name := ""
var coat := 0  ## Number of the colour.
var score := 0:  ## By the host, through ScoreSync.
	set(value):
		var change := value - score
		score = value
		if change != 0:
			score_changed.emit(change)
var is_dashing := false  ## By the owner, through MoveSync, as all below.
var sent_place := Vector2.ZERO
var sent_velocity := Vector2.ZERO
var sent_at := 0.0  ## Seconds of the owner's clock.

## Where to go, at most 1 long; set by keys or by a bot where this player is ours.
var wish := Vector2.ZERO
var velocity := Vector2.ZERO

var _snapshots := Snapshots.new()
var _dash_left := 0.0
var _dash_pause := 0.0
var _trail_times: Array[float] = []  # clock seconds of the trail's points

@onready var _move_sync: MultiplayerSynchronizer = $MoveSync
@onready var _art: PlayerArt = $Art
@onready var _name_label: Label = $NameLabel
@onready var _dust: CPUParticles2D = $Dust
@onready var _trail: Line2D = $Trail


func _ready() -> void:
	_art.coat = Palette.coat(coat)
	_trail.modulate = Palette.coat(coat)
	_dust.color = Palette.coat(coat).lightened(0.5)
	_name_label.text = player_name
	_name_label.modulate = Palette.coat(coat).lightened(0.6)
	_move_sync.synchronized.connect(_on_move_sync_synchronized)
	sent_place = position


func _process(delta: float) -> void:
	if not is_mine() and not _snapshots.is_empty():
		var before := position
		position = _snapshots.place_at(_now())
		velocity = (position - before) / maxf(delta, 0.001)
	_art.animate(velocity, is_dashing, delta)
	_dust.emitting = is_dashing or velocity.length() > _SPEED * 0.6
	_place_name()
	_grow_trail()


func _physics_process(delta: float) -> void:
	if not is_mine():
		return
	_dash_left = maxf(0.0, _dash_left - delta)
	_dash_pause = maxf(0.0, _dash_pause - delta)
	is_dashing = _dash_left > 0.0
	if not is_dashing:
		velocity = velocity.move_toward(wish.limit_length(1.0) * _SPEED, _ACCELERATION * delta)
	position += velocity * delta
	_stay_inside()
	sent_place = position
	sent_velocity = velocity
	sent_at = _now()


## Tells whether this is the player of this game window.
func is_mine() -> bool:
	return peer == multiplayer.get_unique_id()


## Makes the owner the authority over the movement; call it before the player enters the tree.
##
## The spawn of a player reaches the others at different times, and movement that is sent to someone
## who does not have the player yet is lost for good. So clients show theirs only to whom asks, see
## the arena; the host's own needs no asking, because it spawns players itself.
func give_to(id: int) -> void:
	peer = id
	var move_sync: MultiplayerSynchronizer = $MoveSync
	move_sync.set_multiplayer_authority(id)
	move_sync.public_visibility = id == 1


## Sends the movement of this player, which is ours, to [param follower] from now on, or no more.
func show_to(follower: int, is_wanted := true) -> void:
	if not _move_sync.public_visibility:
		_move_sync.set_visibility_for(follower, is_wanted)


## Starts a dash, unless the last one was just now.
func dash() -> void:
	if _dash_pause > 0.0 or velocity.is_zero_approx():
		return
	_dash_left = _DASH_TIME
	_dash_pause = _DASH_PAUSE
	velocity = velocity.normalized() * _DASH_SPEED


## Throws the player back; called by the host, who saw the bump.
@rpc("authority", "call_local", "reliable")
func knock(impulse: Vector2) -> void:
	velocity = impulse.limit_length(_DASH_SPEED)
	_dash_left = 0.0
	knocked.emit()


func _stay_inside() -> void:
	var inside := position.clamp(FIELD.position, FIELD.end)
	if inside.x != position.x:
		velocity.x *= -_BOUNCE
	if inside.y != position.y:
		velocity.y *= -_BOUNCE
	position = inside


## Keeps the name in sight at the fence.
func _place_name() -> void:
	var half := _name_label.size.x * 0.5
	var sides := FIELD.grow(_MARGIN)
	var middle := clampf(position.x, sides.position.x + half, sides.end.x - half)
	_name_label.position.x = middle - half - position.x
	var is_high := position.y < FIELD.position.y + RADIUS
	_name_label.position.y = _NAME_BELOW if is_high else _NAME_ABOVE


func _grow_trail() -> void:
	_trail.add_point(position)
	_trail_times.append(_now())
	while _trail_times[0] < _now() - _TRAIL_TIME:
		_trail_times.remove_at(0)
		_trail.remove_point(0)


func _on_move_sync_synchronized() -> void:
	_snapshots.add(sent_at, sent_place, sent_velocity, _now())


func _now() -> float:
	return Time.get_ticks_usec() / 1e6
