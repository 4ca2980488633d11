extends RefCounted
## Lets others look at a connected peer: Godot's performance monitors and the editor's debugger.
##
## Monitors cost nothing until somebody asks for them; reports are made only for a debugger.

const RateMeter := preload("../core/monitoring/rate_meter.gd")
const Report := preload("../core/monitoring/report.gd")

## Prefix of the messages to the editor.
const CAPTURE := "packhorse"

const _INTERVAL := 0.5  # seconds between reports
const _MILLI := 1000.0
const _PERCENT := 100.0

## When [method poll] has work, clock seconds; never without a debugger.
var report_at := INF

var _peer: WeakRef
var _monitors: Array[StringName] = []
var _sent := RateMeter.new()
var _received := RateMeter.new()


func _init(peer: PackhorseMultiplayerPeer) -> void:
	_peer = weakref(peer)
	if EngineDebugger.is_active():
		report_at = 0.0
	var folder := _free_folder()
	_add_monitor(folder, "peers", _count_peers)
	_add_monitor(folder, "rtt_ms", _read.bind(&"rtt", _MILLI))
	_add_monitor(folder, "jitter_ms", _read.bind(&"jitter", _MILLI))
	_add_monitor(folder, "loss_percent", _worst_loss)
	_add_monitor(folder, "sent_bytes_per_second", _rate.bind(_sent, &"wire_bytes_sent"))
	_add_monitor(folder, "received_bytes_per_second", _rate.bind(_received, &"wire_bytes_received"))
	_add_monitor(folder, "queued_bytes", _read.bind(&"queued_bytes", 1.0))
	_add_monitor(folder, "packets_waiting", _read.bind(&"packets_waiting", 1.0))


## Reports to the debugger when that is due; call it every frame.
func poll(now: float) -> void:
	if now < report_at:
		return
	report_at = now + _INTERVAL
	var peer := _watched()
	if peer != null:
		var values := [get_instance_id(), now, report_of(peer).to_values()]
		EngineDebugger.send_message(CAPTURE + ":report", values)


## Ends: nothing of the peer is to be seen any more.
func close() -> void:
	for monitor in _monitors:
		Performance.remove_custom_monitor(monitor)
	_monitors.clear()
	if report_at < INF:
		EngineDebugger.send_message(CAPTURE + ":closed", [get_instance_id()])
		report_at = INF


## Returns what [param peer] tells about itself. Whom it names is measured once a second.
static func report_of(peer: PackhorseMultiplayerPeer) -> Report:
	var report := Report.new()
	if peer.get_connection_status() != MultiplayerPeer.CONNECTION_CONNECTED:
		return report
	report.room_code = peer.room_code
	report.peer_id = peer.get_unique_id()
	report.statistics = peer.get_statistics()
	for id in peer.get_peer_ids():
		report.peers[id] = peer.get_peer_statistics(id)
	return report


static func _free_folder() -> String:
	var folder := "packhorse"
	var number := 1
	while Performance.has_custom_monitor(folder + "/peers"):
		number += 1
		folder = "packhorse %d" % number
	return folder


func _add_monitor(folder: String, title: String, callable: Callable) -> void:
	var id := StringName("%s/%s" % [folder, title])
	Performance.add_custom_monitor(id, callable)
	_monitors.append(id)


func _watched() -> PackhorseMultiplayerPeer:
	var peer: PackhorseMultiplayerPeer = _peer.get_ref()
	return peer


func _read(key: StringName, scale: float) -> float:
	var peer := _watched()
	if peer == null:
		return 0.0
	var value: float = peer.get_statistics().get(key, 0.0)
	return maxf(0.0, value * scale)


func _rate(meter: RateMeter, key: StringName) -> float:
	return meter.add(_read(key, 1.0), Time.get_ticks_usec() / 1e6)


func _count_peers() -> int:
	var peer := _watched()
	return peer.get_peer_ids().size() if peer != null else 0


func _worst_loss() -> float:
	var worst := 0.0
	var peer := _watched()
	if peer == null:
		return worst
	for id in peer.get_peer_ids():
		var loss: float = peer.get_peer_statistics(id).get(&"loss", 0.0)
		worst = maxf(worst, loss)
	return worst * _PERCENT
