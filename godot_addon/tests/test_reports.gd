extends "res://tests/test_case.gd"
## Reports of connected peers on their way to overlay and debugger, and the debugger's tab.

const History := preload("res://addons/packhorse/core/monitoring/history.gd")
const PeersTab := preload("res://addons/packhorse/editor/peers_tab.gd")
const Report := preload("res://addons/packhorse/core/monitoring/report.gd")
const RoomHistory := preload("res://addons/packhorse/core/monitoring/room_history.gd")
const Traffic := preload("res://addons/packhorse/core/monitoring/traffic.gd")


func _report(peers: Array[int], sent := 0.0) -> Report:
	var report := Report.new()
	report.room_code = "K7QM-2XPA"
	report.peer_id = 1
	report.statistics = {&"rtt": 0.02, &"wire_bytes_sent": sent, &"path": 1.0}
	for peer in peers:
		report.peers[peer] = {&"rtt": 0.05, &"loss": 0.1} as Dictionary[StringName, float]
	return report


func test_report_survives_its_way_to_the_editor() -> void:
	var values: Array = bytes_to_var(var_to_bytes(_report([2, 3], 50.0).to_values()))
	var read := Report.from_values(values)

	assert_eq([read.room_code, read.peer_id], ["K7QM-2XPA", 1], "who")
	assert_eq(read.statistics[&"wire_bytes_sent"], 50.0, "statistics")
	assert_eq(read.peers.keys(), [2, 3], "peers")
	assert_eq(read.path(), "WebSocket", "path")


func test_report_tells_which_peers_are_reached_directly() -> void:
	var report := _report([2, 3])
	report.peers[3][&"path"] = float(PackhorseMultiplayerPeer.Path.DIRECT)
	var read := Report.from_values(report.to_values())

	assert_eq([read.path_of(2), read.path_of(3)], ["WebSocket", "direct"], "paths")
	assert_true(read.is_direct(3) and not read.is_direct(2) and not read.is_direct(9), "direct")


func test_values_that_are_no_report_are_none() -> void:
	for values: Array in [[], [1], ["a", "b", "c", "d"], ["", 1, {1: "x"}, {"x": 2, 3: 4}]]:
		var read := Report.from_values(values)

		assert_eq(read.statistics, {} as Dictionary[StringName, float], "statistics")
		assert_true(read.peers.is_empty() or read.peers[3].is_empty(), "peers")


func test_history_makes_rates_of_counters() -> void:
	var history := History.new(10)
	history.add({&"rtt": 0.02, &"wire_bytes_sent": 1000.0}, 1.0)
	history.add({&"rtt": -1.0, &"wire_bytes_sent": 3000.0}, 2.0)
	history.add({&"rtt": 9.0}, 2.0)

	assert_eq(history.sent.values, PackedFloat32Array([0.0, 2000.0]), "rates")
	assert_eq(history.rtt.values, PackedFloat32Array([0.02, 0.0]), "round-trip times")
	assert_eq(history.latest_rtt(), -1.0, "unknown")
	assert_eq(history.value(&"absent"), 0.0, "absent")


func test_history_forgets_peers_that_are_gone() -> void:
	var history := RoomHistory.new()
	history.add(_report([3, 2]), 1.0)
	history.add(_report([3]), 2.0)

	assert_eq(history.peer_ids(), [3] as Array[int], "peers")
	assert_eq(history.peers[3].rtt.values.size(), 2, "values")


func test_history_is_bounded() -> void:
	var many: Array[int] = []
	many.assign(range(2, 200))
	var history := RoomHistory.new()
	for step in 200:
		history.add(_report(many), float(step))

	assert_eq(history.peers.size(), RoomHistory.MAX_PEERS, "peers")
	assert_eq(history.session.rtt.values.size(), RoomHistory.CAPACITY, "values")


func test_traffic_counts_both_ways() -> void:
	var traffic := Traffic.new()
	traffic.count_sent(100)
	traffic.count_received(40)
	traffic.count_received(2)

	assert_eq([traffic.datagrams_sent, traffic.bytes_sent], [1, 100], "sent")
	assert_eq([traffic.datagrams_received, traffic.bytes_received], [2, 42], "received")


func test_tab_shows_peers_and_takes_them_away() -> void:
	var tab := PeersTab.new()
	tree.root.add_child(tab)
	tab.take_report([7, 1.0, _report([2, 3]).to_values()])
	tab.take_report([7, 1.5, _report([2]).to_values()])
	await tree.process_frame
	var texts := _texts(tab)

	assert_true("Room K7QM-2XPA, peer 1 (host)" in texts, "title")
	assert_true("Peer 2" in texts and not "Peer 3" in texts, "rows")
	assert_true("50 ms" in texts and "10 %" in texts and "WebSocket" in texts, "figures")
	tab.close_peer(7)
	await tree.process_frame
	assert_true(not "Peer 2" in _texts(tab), "closed")
	tab.free()


func test_tab_ignores_what_is_no_report() -> void:
	var tab := PeersTab.new()
	for data: Array in [[], ["x"], [1, 2, 3], ["a", 1.0, []], [1, 1.0, {}]]:
		tab.take_report(data)
	tab.close_peer("x")
	for key in 20:
		tab.take_report([key, 1.0, _report([2]).to_values()])

	assert_eq(_texts(tab).count("Relay"), 8, "peers that are shown")
	tab.free()


func _texts(node: Node) -> Array[String]:
	var texts: Array[String] = []
	if node is Label:
		var label: Label = node
		texts.append(label.text)
	for child in node.get_children():
		texts.append_array(_texts(child))
	return texts
