@icon("../icons/overlay.svg")
class_name PackhorseOverlay
extends CanvasLayer
## Shows in the running game how its connection is doing: room code, path, round-trip times, loss
## and bytes a second.
##
## Add it to the first scene, as a node or as
## [code]res://addons/packhorse/nodes/packhorse_overlay.tscn[/code], or make that scene an autoload;
## F3 shows and hides it. It finds the [PackhorseMultiplayerPeer] of its own
## [member Node.multiplayer], and costs nothing while hidden.
## It uses no theme, and grows with the window. While it is shown, the round-trip time to every peer
## is measured once a second.

const _OverlayPanel := preload("overlay_panel.gd")
const _PeerWatch := preload("peer_watch.gd")
const _Report := preload("../core/monitoring/report.gd")
const _RoomHistory := preload("../core/monitoring/room_history.gd")

const _INTERVAL := 0.25  # seconds between looks at the peer
const _LAYER := 120  # above what games show

## Key that shows and hides the overlay; [constant @GlobalScope.KEY_NONE] for none.
@export var toggle_key := KEY_F3
## Whether the overlay is shown from the start.
@export var is_shown_at_start := false

## The peer to show; null for that of [member Node.multiplayer].
var peer: PackhorseMultiplayerPeer = null

var _panel := _OverlayPanel.new()
var _history := _RoomHistory.new()
var _looked_at := -INF  # clock seconds


func _init() -> void:
	layer = _LAYER
	process_mode = Node.PROCESS_MODE_ALWAYS
	add_child(_panel)


func _ready() -> void:
	_panel.history = _history
	visibility_changed.connect(_on_visibility_changed)
	visible = is_shown_at_start
	_on_visibility_changed()


func _process(_delta: float) -> void:
	var now := Time.get_ticks_usec() / 1e6
	if now - _looked_at < _INTERVAL:
		return
	_looked_at = now
	var shown := _peer_to_show()
	_history.add(_PeerWatch.report_of(shown) if shown != null else _Report.new(), now)
	_panel.queue_redraw()


func _unhandled_key_input(event: InputEvent) -> void:
	var key := event as InputEventKey
	if key == null or toggle_key == KEY_NONE or key.keycode != toggle_key:
		return
	if key.pressed and not key.echo:
		visible = not visible


func _peer_to_show() -> PackhorseMultiplayerPeer:
	return peer if peer != null else multiplayer.multiplayer_peer as PackhorseMultiplayerPeer


func _on_visibility_changed() -> void:
	set_process(visible)
