@tool
extends ScrollContainer
## The debugger's tab: every connected peer of the running game, and its ways to the others.

const PeerPanel := preload("peer_panel.gd")
const Report := preload("../core/monitoring/report.gd")

const _MAX_PANELS := 8  # peers of one process that are shown
const _HINT := (
	"Run the project: as soon as a PackhorseMultiplayerPeer is connected, this tab shows how it is "
	+ "doing. The tab Monitors has graphs of it."
)

var _column := VBoxContainer.new()
var _hint := Label.new()
var _panels: Dictionary[int, PeerPanel] = {}


func _init() -> void:
	name = "Packhorse"
	_hint.text = _HINT
	_hint.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	_column.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_column.add_child(_hint)
	add_child(_column)


## Shows a report: what its peer is called, when it was made (clock seconds), and its values.
func take_report(data: Array) -> void:
	if data.size() != 3 or not (data[0] is int and data[1] is float and data[2] is Array):
		return
	var key: int = data[0]
	if not _panels.has(key):
		if _panels.size() >= _MAX_PANELS:
			return
		_panels[key] = PeerPanel.new()
		_column.add_child(_panels[key])
		_hint.hide()
	var values: Array = data[2]
	var now: float = data[1]
	_panels[key].show_report(Report.from_values(values), now)


## Takes away the peer that was called [param key].
func close_peer(key: Variant) -> void:
	if not (key is int and _panels.has(key)):
		return
	_panels[key].queue_free()
	_panels.erase(key)
	_hint.visible = _panels.is_empty()


## Takes away everything.
func clear() -> void:
	for key: int in _panels.keys():
		close_peer(key)
