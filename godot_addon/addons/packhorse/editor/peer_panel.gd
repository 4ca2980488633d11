@tool
extends VBoxContainer
## One connected peer in the debugger: a row for the relay and one for each other peer.

const Figures := preload("../core/monitoring/figures.gd")
const Graph := preload("../nodes/graph.gd")
const History := preload("../core/monitoring/history.gd")
const Report := preload("../core/monitoring/report.gd")
const RoomHistory := preload("../core/monitoring/room_history.gd")
const Series := preload("../core/monitoring/series.gd")

const _COLUMNS: Array[String] = [
	"", "Path", "RTT", "", "Jitter", "Loss", "Sent", "", "Received", "", "Waiting"
]
const _RTT := Color(0.4, 0.75, 1.0)
const _SENT := Color(0.95, 0.7, 0.35)
const _RECEIVED := Color(0.5, 0.85, 0.5)
const _LEAST_RTT := 0.05  # seconds that reach the top of a graph
const _LEAST_RATE := 2000.0  # bytes a second that do
const _GRAPH := Vector2(96.0, 20.0)  # pixels at a scale of 1
const _CELL := 68.0  # pixels; wide enough for any figure, so that columns stay in place
const _GAP := 12  # pixels between columns
const _DIM := 0.65  # opacity of the headings
const _RELAY := 0  # the row of the relay

var _history := RoomHistory.new()
var _title := Label.new()
var _grid := GridContainer.new()
var _rows: Dictionary[int, Array] = {}  # cells, by peer


func _init() -> void:
	_grid.columns = _COLUMNS.size()
	_grid.add_theme_constant_override(&"h_separation", _GAP)
	for heading in _COLUMNS:
		var label := _add_label(heading)
		label.modulate.a = _DIM
	add_child(_title)
	add_child(_grid)


## Shows the newest report, which was made at [param now].
func show_report(report: Report, now: float) -> void:
	_history.add(report, now)
	var role := "host" if report.peer_id == 1 else "client"
	_title.text = "Room %s, peer %d (%s)" % [report.room_code, report.peer_id, role]
	_show_row(_RELAY, "Relay", _history.session)
	for peer in _history.peer_ids():
		_show_row(peer, "Peer %d" % peer, _history.peers[peer])
	for peer: int in _rows.keys():
		if peer != _RELAY and not _history.peers.has(peer):
			_remove_row(peer)


func _show_row(peer: int, title: String, history: History) -> void:
	if not _rows.has(peer):
		_rows[peer] = _new_row(history)
	var is_relay := peer == _RELAY
	var texts := [
		title,
		_history.report.path_of(peer),
		Figures.duration(history.latest_rtt()),
		"",
		Figures.duration(history.value(&"jitter")),
		Figures.NONE if is_relay else Figures.fraction(history.value(&"loss")),
		Figures.rate(history.sent.latest()),
		"",
		Figures.rate(history.received.latest()),
		"",
		Figures.size(history.value(&"queued_bytes")),
	]
	for index in texts.size():
		var cell: Control = _rows[peer][index]
		if cell is Label:
			var label: Label = cell
			label.text = texts[index]
		cell.queue_redraw()


func _new_row(history: History) -> Array:
	var cells := []
	for index in _COLUMNS.size():
		match index:
			3:
				cells.append(_add_graph(history.rtt, _RTT, _LEAST_RTT))
			7:
				cells.append(_add_graph(history.sent, _SENT, _LEAST_RATE))
			9:
				cells.append(_add_graph(history.received, _RECEIVED, _LEAST_RATE))
			_:
				cells.append(_add_label("", _CELL if index else 0.0))
	return cells


func _remove_row(peer: int) -> void:
	for cell: Control in _rows[peer]:
		cell.queue_free()
	_rows.erase(peer)


func _add_label(text: String, width := 0.0) -> Label:
	var label := Label.new()
	label.text = text
	label.custom_minimum_size.x = width * get_theme_default_base_scale()
	_grid.add_child(label)
	return label


func _add_graph(series: Series, color: Color, least_top: float) -> Graph:
	var graph := Graph.new()
	graph.custom_minimum_size = _GRAPH * get_theme_default_base_scale()
	graph.size_flags_vertical = Control.SIZE_SHRINK_CENTER
	graph.series = series
	graph.color = color
	graph.least_top = least_top
	graph.capacity = RoomHistory.CAPACITY
	_grid.add_child(graph)
	return graph
