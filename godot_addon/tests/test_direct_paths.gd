extends "res://tests/test_case.gd"
## What goes directly, and in which form.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const DirectDatagram := preload("res://addons/packhorse/core/direct/direct_datagram.gd")
const DirectPaths := preload("res://addons/packhorse/core/direct/direct_paths.gd")
const Event := preload("res://addons/packhorse/core/event.gd")
const Header := preload("res://addons/packhorse/wire/header.gd")

const DATA := Constants.FirstByte.DATA
const FRAME := Constants.FirstByte.FRAME

var _random := RandomNumberGenerator.new()
var _sides: Dictionary[int, DirectPaths] = {}
var _events: Dictionary[int, Array] = {}
var _told: Array[String] = []
var _now := 100.0


func _init() -> void:
	for own: int in [1, 2, 3]:
		var events: Array[Event] = []
		_events[own] = events
		_sides[own] = DirectPaths.new(own, 1200, _random_bytes, events, false)
		_sides[own].on_changed = _on_path.bind("changed", own)
		_sides[own].on_doubt = _on_path.bind("doubt", own)


func _on_path(peer: int, what: String, own: int) -> void:
	_told.append("%d: %s %d" % [own, what, peer])


func _random_bytes(size: int) -> PackedByteArray:
	var bytes := PackedByteArray()
	for _index in size:
		bytes.append(_random.randi() & 0xFF)
	return bytes


static func _address(peer: int) -> String:
	return "192.0.2.%d:7" % peer


## Lets these peers look for paths to each other.
func _seek(peers: Array[int]) -> void:
	for own in peers:
		_sides[own].offer({_address(own): Constants.CandidateKind.HOST}, _now)
		for peer in peers:
			if peer != own:
				_sides[own].welcome(peer, _now)
	_run(0.3)


func _run(seconds: float, is_cut := false) -> void:
	var until := _now + seconds
	while _now < until:
		_now += 0.01
		for own in _sides:
			_sides[own].handle_timeout(_now)
			var signals := _sides[own].signals_to_send(_now)
			for peer in signals:
				_sides[peer].receive_signal(own, signals[peer], _now)
		for own in _sides:
			for datagram in _sent(own):
				var peer := datagram.address.get_slice(":", 0).get_slice(".", 3).to_int()
				if not is_cut:
					_sides[peer].receive_seal(datagram.data, _address(own), _now)


func _sent(own: int) -> Array[DirectDatagram]:
	var datagrams: Array[DirectDatagram] = []
	_sides[own].move_datagrams(datagrams)
	return datagrams


static func _datagram(first: int, to: int) -> PackedByteArray:
	return Header.encode_destination(first, 0x5C, to) + PackedByteArray([7, 8])


func test_every_pair_finds_its_path_and_says_so() -> void:
	_seek([1, 2, 3])

	assert_eq(_sides[1].path(2), _address(2), "path")
	assert_eq(_sides[1].used, 2, "peers that are reached")
	_told.sort()
	var wanted: Array[String] = []
	for own: int in [1, 2, 3]:
		for peer: int in [1, 2, 3]:
			if peer != own:
				wanted.append("%d: changed %d" % [own, peer])
	assert_eq(_told, wanted, "told")
	var event: Event = _events[1][0]
	assert_eq(event.type, Event.Type.PEER_PATH_CHANGED, "event")
	assert_eq(event.text, _address(event.peer), "address")


func test_data_to_one_peer_takes_its_path_with_the_header_a_relay_would_give() -> void:
	_seek([1, 2])

	assert_true(_sides[1].post(_datagram(DATA, 2), 2, [2], _now), "posted")
	var sent := _sent(1)

	assert_eq(sent.size(), 1, "datagrams")
	assert_eq(sent[0].address, _address(2), "address")
	var tag := _sides[2].peers[1].offers.own.tag
	assert_eq(sent[0].data.hex_encode(), "a4%02x000000010708" % tag, "datagram")
	assert_eq(_sides[2].hear_data(sent[0].data, _address(1), _now), &"", "taken")
	var forged := sent[0].data.duplicate()
	forged[5] = 3
	var drop := _sides[2].hear_data(forged, _address(1), _now)
	assert_eq(drop, Constants.DROP_UNKNOWN_PEER, "as somebody else")


func test_data_to_all_goes_directly_only_when_all_are_reached() -> void:
	_seek([1, 2])

	assert_true(not _sides[1].post(_datagram(DATA, 0), 0, [2, 3], _now), "one is not reached")
	assert_eq(_sent(1).size(), 0, "datagrams")
	_seek([1, 2, 3])
	assert_true(_sides[1].post(_datagram(DATA, 0), 0, [2, 3], _now), "all are reached")
	var sent := _sent(1)
	assert_eq(sent.map(func(each: DirectDatagram) -> String: return each.address).size(), 2, "sent")
	assert_true(Header.is_fanout(sent[0].data), "bit 31")
	assert_true(not _sides[1].post(_datagram(DATA, 0), 0, [], _now), "nobody")


func test_path_in_doubt_carries_frames_beside_the_relay_and_no_plain_data() -> void:
	_seek([1, 2])
	_told.clear()
	while not "1: doubt 2" in _told:
		_sides[1].post(_datagram(DATA, 2), 2, [2], _now)
		_run(0.01, true)

	assert_true(not _sides[1].post(_datagram(DATA, 2), 2, [2], _now), "DATA takes the relay")
	assert_eq(_sent(1).size(), 0, "DATA")
	assert_true(not _sides[1].post(_datagram(FRAME, 2), 2, [2], _now), "FRAME takes the relay")
	assert_eq(_sent(1).size(), 1, "FRAME beside it")
	assert_eq(_sides[1].path(2), _address(2), "not given up yet")


func test_peer_that_left_is_forgotten() -> void:
	_seek([1, 2])
	_sides[1].forget(2)

	assert_eq([_sides[1].path(2), _sides[1].used], ["", 0], "path")
	assert_true(not _sides[1].post(_datagram(DATA, 2), 2, [2], _now), "posted")


func test_what_names_no_peer_or_connection_is_refused() -> void:
	_seek([1, 2])

	assert_eq(
		_sides[1].receive_signal(9, PackedByteArray(), _now), Constants.DROP_UNKNOWN_PEER, "9"
	)
	var seal := Header.encode(Constants.FirstByte.SEAL, 1, 1) + PackedByteArray([1])
	var drop := _sides[1].receive_seal(seal, _address(2), _now)
	assert_eq(drop, Constants.DROP_UNKNOWN_SESSION, "connection")


func test_many_peers_are_told_one_after_the_other() -> void:
	for peer in range(2, 60):
		_sides[1].welcome(peer, _now)
	_sides[1].offer({_address(1): Constants.CandidateKind.HOST}, _now)

	var first := _sides[1].signals_to_send(_now).size()
	var later := _sides[1].signals_to_send(_now + 1.0).size()

	assert_true(first in range(20, 22), "at once: %d" % first)
	assert_true(later in range(Constants.SIGNAL_RATE - 1, Constants.SIGNAL_RATE + 2), "%d" % later)
