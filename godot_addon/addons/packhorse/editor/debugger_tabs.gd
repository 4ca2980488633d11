@tool
extends EditorDebuggerPlugin
## Shows what running games report about their peers, in a tab of each debugger session.

const PeerWatch := preload("../nodes/peer_watch.gd")
const PeersTab := preload("peers_tab.gd")

var _tabs: Dictionary[int, PeersTab] = {}  # by session


func _has_capture(capture: String) -> bool:
	return capture == PeerWatch.CAPTURE


func _capture(message: String, data: Array, session_id: int) -> bool:
	if not _tabs.has(session_id) or not data:
		return false
	match message.get_slice(":", 1):
		"report":
			_tabs[session_id].take_report(data)
		"closed":
			_tabs[session_id].close_peer(data[0])
		_:
			return false
	return true


func _setup_session(session_id: int) -> void:
	var tab := PeersTab.new()
	_tabs[session_id] = tab
	var session := get_session(session_id)
	session.started.connect(tab.clear)
	session.add_session_tab(tab)


## Takes the tabs out of the debugger again.
func close() -> void:
	for session_id in _tabs:
		get_session(session_id).remove_session_tab(_tabs[session_id])
		_tabs[session_id].queue_free()
	_tabs.clear()
