extends "res://tests/support/peer_case.gd"
## What others see of a connected peer: statistics, monitors, the overlay. And a simulated network.

const PeerWatch := preload("res://addons/packhorse/nodes/peer_watch.gd")
const OverlayScene := preload("res://addons/packhorse/nodes/packhorse_overlay.tscn")

const _SOURCE := "res://addons/packhorse/nodes/packhorse_multiplayer_peer.gd"


func test_every_statistic_is_documented() -> void:
	await _join()
	_peer.get_peer_statistics(1)
	_peer.put_packet(PackedByteArray([1]))
	await _until(func() -> bool: return not _peer.get_peer_statistics(1).is_empty())
	var source := FileAccess.get_file_as_string(_SOURCE)
	var keys := _peer.get_statistics().keys() + _peer.get_peer_statistics(1).keys()

	for key: StringName in keys:
		if not key.begins_with("drop_"):
			assert_true("[code]%s[/code]" % key in source, key)


func test_bytes_on_the_wire_count_the_headers_below() -> void:
	await _join()
	var statistics := _peer.get_statistics()

	var overhead := statistics[&"wire_bytes_sent"] - statistics[&"bytes_sent"]
	assert_eq(overhead, 28.0 * statistics[&"datagrams_sent"], "IPv4 and UDP")


func test_traffic_of_a_peer_is_its_own() -> void:
	await _join()
	var before := _peer.get_peer_statistics(1)
	_peer.set_target_peer(1)
	_peer.set_transfer_mode(MultiplayerPeer.TRANSFER_MODE_UNRELIABLE)
	_peer.put_packet(PackedByteArray([1, 2, 3]))
	await _until(func() -> bool: return _relay.data.size() >= 1)
	var size: float = _relay.data[0].size() + 28.0

	assert_eq(before[&"wire_bytes_sent"], 0.0, "before")
	assert_true(_peer.get_peer_statistics(1)[&"wire_bytes_sent"] >= size, "sent")


func test_monitors_are_there_while_connected() -> void:
	await tree.process_frame  # in which the peer of the test before goes
	assert_eq(_monitors(), 0, "before")
	await _join()

	assert_eq(Performance.get_custom_monitor(&"packhorse/peers"), 1, "peers")
	for title: String in ["rtt_ms", "jitter_ms", "loss_percent", "queued_bytes", "packets_waiting"]:
		assert_true(Performance.get_custom_monitor("packhorse/" + title) is float, title)
	assert_eq(Performance.get_custom_monitor(&"packhorse/sent_bytes_per_second"), 0.0, "first")
	_peer.close()
	assert_eq(_monitors(), 0, "after")


func test_monitors_go_with_a_peer_that_is_thrown_away() -> void:
	await tree.process_frame
	await _join()
	_peer = null

	assert_eq(_monitors(), 0, "monitors")


func test_two_watched_peers_have_monitors_of_their_own() -> void:
	await tree.process_frame
	await _join()
	var watch := PeerWatch.new(_peer)

	assert_true(Performance.has_custom_monitor(&"packhorse 2/peers"), "second folder")
	watch.close()
	assert_true(Performance.has_custom_monitor(&"packhorse/peers"), "first folder stays")
	_peer.close()


func test_nothing_is_reported_without_a_debugger() -> void:
	await _join()

	assert_true(not EngineDebugger.is_active(), "no debugger")
	assert_eq(_peer._watch.report_at, INF, "next report")
	_peer.close()


func test_report_names_room_and_peers() -> void:
	var nobody := PeerWatch.report_of(_peer)
	await _join()
	var report := PeerWatch.report_of(_peer)

	assert_eq(nobody.peer_id, 0, "not connected")
	assert_eq(report.room_code, _peer.room_code, "code")
	assert_eq(report.peers.keys(), [1], "peers")
	assert_eq(_peer.get_peer_ids(), [1] as Array[int], "ids")


func test_overlay_is_shown_and_hidden_by_its_key() -> void:
	var overlay := PackhorseOverlay.new()
	tree.root.add_child(overlay)
	var at_start := overlay.visible
	_press(KEY_F3)
	var pressed := overlay.visible
	_press(KEY_F4)
	var other := overlay.visible
	_press(KEY_F3)

	assert_eq([at_start, pressed, other], [false, true, true], "shown")
	assert_eq(overlay.visible, false, "hidden again")
	assert_true(not overlay.is_processing(), "costs nothing")
	overlay.free()


func test_overlay_scene_is_an_overlay_above_the_game() -> void:
	var overlay: PackhorseOverlay = OverlayScene.instantiate()
	tree.root.add_child(overlay)
	_press(KEY_F3)

	assert_eq(overlay.visible, true, "shown by its key")
	assert_eq(overlay.layer, 120, "above what games show")
	overlay.free()


func test_overlay_shows_the_peer_of_the_game() -> void:
	await _join()
	tree.get_multiplayer().multiplayer_peer = _peer
	var overlay := PackhorseOverlay.new()
	overlay.is_shown_at_start = true
	tree.root.add_child(overlay)
	await tree.process_frame
	await tree.process_frame

	assert_eq(overlay._history.report.room_code, _peer.room_code, "code")
	tree.get_multiplayer().multiplayer_peer = null
	overlay.free()


func test_lossy_network_is_simulated_and_ends() -> void:
	await _join()
	_peer.set_network_simulation(0.0, 0.0, 1.0)
	_peer.set_transfer_mode(MultiplayerPeer.TRANSFER_MODE_UNRELIABLE)
	_relay.data.clear()
	_peer.put_packet(PackedByteArray([1]))
	for _index in 10:
		await _step()
	assert_eq(_relay.data.size(), 0, "lost")

	_peer.set_network_simulation(0.0)
	_peer.put_packet(PackedByteArray([2]))
	await _until(func() -> bool: return _relay.data.size() == 1)
	assert_eq(_relay.data[0][-1], 2, "what was sent later")


func test_latency_is_simulated() -> void:
	_peer.set_network_simulation(0.2)
	await _join()
	_peer.set_transfer_mode(MultiplayerPeer.TRANSFER_MODE_UNRELIABLE)
	var sent_at := Time.get_ticks_msec()
	_peer.put_packet(PackedByteArray([1]))
	await _until(func() -> bool: return _relay.data.size() == 1)

	assert_true(Time.get_ticks_msec() - sent_at >= 190, "milliseconds")


func _step() -> void:
	_relay.poll()
	_peer.poll()
	await tree.process_frame
	_relay.poll()


func _press(key: Key) -> void:
	var event := InputEventKey.new()
	event.keycode = key
	event.pressed = true
	tree.root.push_input(event)


static func _monitors() -> int:
	var count := 0
	for monitor in Performance.get_custom_monitor_names():
		count += 1 if monitor.begins_with("packhorse") else 0
	return count
