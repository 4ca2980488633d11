extends Control
## Draws the overlay with the engine's own font, whatever the theme of the game.

const Figures := preload("../core/monitoring/figures.gd")
const Graph := preload("graph.gd")
const History := preload("../core/monitoring/history.gd")
const RoomHistory := preload("../core/monitoring/room_history.gd")
const Series := preload("../core/monitoring/series.gd")

const _DESIGN_HEIGHT := 720.0  # pixels of the window for which the sizes below are meant
const _FONT_SIZE := 14
const _LINE := 20.0
const _WIDTH := 440.0
const _MARGIN := 12.0
const _PADDING := 10.0
const _GRAPH := Vector2(120.0, 28.0)
const _COLUMNS: Array[float] = [0.0, 130.0, 210.0, 290.0, 350.0]
const _MAX_ROWS := 12  # peers that are named

const _BACKGROUND := Color(0.05, 0.06, 0.08, 0.82)
const _TEXT := Color(0.93, 0.94, 0.96)
const _DIM := Color(0.65, 0.68, 0.73)
const _SENT := Color(0.95, 0.7, 0.35)
const _RECEIVED := Color(0.5, 0.85, 0.5)
const _GOOD := Color(0.55, 0.87, 0.6)
const _FAIR := Color(0.97, 0.8, 0.35)
const _BAD := Color(1.0, 0.5, 0.45)
const _FAIR_RTT := 0.1  # seconds; games begin to feel it
const _BAD_RTT := 0.25  # seconds
const _FAIR_LOSS := 0.01
const _BAD_LOSS := 0.05
const _LEAST_RATE := 2000.0  # bytes a second that reach the top of a graph

## What is shown.
var history: RoomHistory = null

var _font: Font = ThemeDB.fallback_font
var _y := 0.0  # of the next line


func _init() -> void:
	mouse_filter = Control.MOUSE_FILTER_IGNORE
	set_anchors_preset(Control.PRESET_FULL_RECT)


func _draw() -> void:
	if history == null:
		return
	var factor := maxf(1.0, get_viewport_rect().size.y / _DESIGN_HEIGHT)
	draw_set_transform(Vector2.ONE * _MARGIN * factor, 0.0, Vector2.ONE * factor)
	draw_rect(Rect2(0.0, 0.0, _WIDTH, _height()), _BACKGROUND)
	_y = _PADDING
	if history.report.peer_id == 0:
		_write(0.0, "Packhorse: not connected", _DIM)
		return
	_draw_head()
	_draw_rates()
	_draw_table()


func _height() -> float:
	if history.report.peer_id == 0:
		return _LINE + 2.0 * _PADDING
	var rows := mini(history.peers.size(), _MAX_ROWS)
	var lines := 3 + rows + (1 if history.peers.size() > rows else 0)
	return lines * _LINE + 2.0 * (_GRAPH.y + 4.0) + 4.0 + 2.0 * _PADDING


func _draw_head() -> void:
	var report := history.report
	var role := "host" if report.peer_id == 1 else "peer %d" % report.peer_id
	_write(0.0, report.room_code, _TEXT)
	_write(_COLUMNS[2], "%s, by %s" % [role, report.path()], _DIM)
	_y += _LINE


func _draw_rates() -> void:
	_draw_rate("Sent", history.session.sent, _SENT)
	_draw_rate("Received", history.session.received, _RECEIVED)
	_y += 4.0


func _draw_rate(title: String, series: Series, color: Color) -> void:
	_y += 4.0
	_write(0.0, title, _DIM)
	_write(_COLUMNS[1], Figures.rate(series.latest()), _TEXT)
	var place := Vector2(_WIDTH - _GRAPH.x - _PADDING, _y)
	var area := Rect2(place, _GRAPH)
	Graph.paint(self, area, series, color, _LEAST_RATE, RoomHistory.CAPACITY)
	_y += _GRAPH.y


func _draw_table() -> void:
	var headings: Array[String] = ["", "RTT", "Jitter", "Loss", "Waiting"]
	for index in headings.size():
		_write(_COLUMNS[index], headings[index], _DIM)
	_y += _LINE
	_draw_row("Relay", history.session, false)
	var ids := history.peer_ids()
	for peer: int in ids.slice(0, _MAX_ROWS):
		_draw_row(_title(peer), history.peers[peer], true)
	if ids.size() > _MAX_ROWS:
		_write(0.0, "and %d more" % (ids.size() - _MAX_ROWS), _DIM)


func _title(peer: int) -> String:
	var title := "Peer %d" % peer if peer != 1 else "Host"
	return title + ", direct" if history.report.is_direct(peer) else title


func _draw_row(title: String, values: History, has_loss: bool) -> void:
	var rtt := values.latest_rtt()
	var loss := values.value(&"loss")
	_write(_COLUMNS[0], title, _TEXT)
	_write(_COLUMNS[1], Figures.duration(rtt), _grade(rtt, _FAIR_RTT, _BAD_RTT))
	_write(_COLUMNS[2], Figures.duration(values.value(&"jitter")), _TEXT)
	if has_loss:
		_write(_COLUMNS[3], Figures.fraction(loss), _grade(loss, _FAIR_LOSS, _BAD_LOSS))
	_write(_COLUMNS[4], Figures.size(values.value(&"queued_bytes")), _TEXT)
	_y += _LINE


func _grade(value: float, fair: float, bad: float) -> Color:
	if value < 0.0:
		return _DIM
	if value >= bad:
		return _BAD
	return _FAIR if value >= fair else _GOOD


func _write(x: float, text: String, color: Color) -> void:
	var ascent := _font.get_ascent(_FONT_SIZE)
	var place := Vector2(_PADDING + x, _y + ascent)
	draw_string(_font, place, text, HORIZONTAL_ALIGNMENT_LEFT, -1.0, _FONT_SIZE, color)
