extends "res://tests/test_case.gd"
## What goes directly, and in which form.

const Codec := preload("res://addons/packhorse/wire/codec.gd")
const Constants := preload("res://addons/packhorse/wire/constants.gd")
const DirectDatagram := preload("res://addons/packhorse/core/direct/direct_datagram.gd")
const DirectPaths := preload("res://addons/packhorse/core/direct/direct_paths.gd")
const Event := preload("res://addons/packhorse/core/event.gd")
const Header := preload("res://addons/packhorse/wire/header.gd")
const Offers := preload("res://addons/packhorse/core/direct/offers.gd")

const DATA := Constants.FirstByte.DATA
const FRAME := Constants.FirstByte.FRAME
const RELAY := "203.0.113.1:6969"
const SMALL := 64  # bytes that a check without padding stays below

var _random := RandomNumberGenerator.new()
var _sides: Dictionary[int, DirectPaths] = {}
var _events: Dictionary[int, Array] = {}
var _told: Array[String] = []
var _now := 100.0


func _init() -> void:
	for own: int in [1, 2, 3]:
		var events: Array[Event] = []
		_events[own] = events
		_sides[own] = DirectPaths.new(own, 1200, _random_bytes, events, RELAY)
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


## Returns offered addresses at which nobody answers.
static func _victims(count: int, first: int) -> Dictionary[String, int]:
	var found: Dictionary[String, int] = {}
	for number in count:
		found["198.51.100.9:%d" % (first + number)] = Constants.CandidateKind.HOST
	return found


## Returns the signal in which a peer offers these addresses to peer 1.
func _offer_of(sender: int, candidates: Dictionary[String, int]) -> PackedByteArray:
	var events: Array[Event] = []
	var other := DirectPaths.new(sender, 1200, _random_bytes, events, RELAY)
	other.welcome(1, _now)
	other.offer(candidates, _now)
	return other.signals_to_send(_now)[1]


## Lets peer 1 know these, and tell them its address.
func _welcome(peers: Array) -> void:
	_sides[1].offer({_address(1): Constants.CandidateKind.HOST}, _now)
	for peer: int in peers:
		_sides[1].welcome(peer, _now)


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
	var receiver := _sides[2].peers[1]
	var tag := receiver.offers.own.tag
	assert_eq(sent[0].data.hex_encode(), "a4%02x000000010708" % tag, "datagram")
	assert_eq(receiver.hear_data(_address(1), tag, _now), &"", "taken")


func test_data_that_begins_to_flow_is_told_of_once() -> void:
	_seek([1, 2])

	for pause: float in [0.0, 0.5, 0.5]:
		_now += pause
		_sides[1].post(_datagram(DATA, 2), 2, [2], _now)
		assert_eq(_sides[1].has_flow_begun, pause == 0.0, "after %f s" % pause)
		_sides[1].has_flow_begun = false
	_run(2.0, false)
	_sides[1].post(_datagram(DATA, 2), 2, [2], _now)
	assert_true(_sides[1].has_flow_begun, "again after a pause")


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
	assert_eq(
		_sides[1].receive_signal(1, PackedByteArray(), _now), Constants.DROP_UNKNOWN_PEER, "itself"
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


func test_same_candidates_again_are_not_offered_again() -> void:
	_welcome([2])
	_sides[1].signals_to_send(_now)

	_sides[1].offer({_address(1): Constants.CandidateKind.HOST}, _now)
	assert_eq(_sides[1].signals_to_send(_now).size(), 0, "the same")
	_sides[1].offer({_address(9): Constants.CandidateKind.HOST}, _now)
	assert_eq(_sides[1].signals_to_send(_now).size(), 1, "another")


func test_attack_offered_victims_get_few_checks_however_many_peers_name_them() -> void:
	_welcome(range(2, 65))
	for peer in range(2, 65):
		_sides[1].receive_signal(peer, _offer_of(peer, _victims(16, peer * 100)), _now)
	var count := 0
	var largest := 0
	for _step in 600:
		_sides[1].handle_timeout(_now)
		_now += 0.1
		for datagram in _sent(1):
			count += 1
			largest = maxi(largest, datagram.data.size())

	assert_true(count >= Constants.CHECK_BURST, "at least: %d" % count)
	assert_true(count <= Constants.CHECK_BURST + 60 * Constants.CHECK_RATE, "most: %d" % count)
	assert_true(largest < SMALL, "largest: %d" % largest)


func test_attack_peer_that_offers_many_addresses_does_not_keep_others_from_checks() -> void:
	_welcome([2, 3])
	_sides[1].receive_signal(2, _offer_of(2, _victims(16, 100)), _now)
	for _step in 10 * Constants.CHECK_BURST:
		_sides[1].handle_timeout(_now)
		_now += 0.01
	_sent(1)
	_sides[1].peers[2]._lead(0.0, _now)
	_sides[1].receive_signal(3, _offer_of(3, _victims(1, 900)), _now)
	_sides[1]._budget._conforms_at = _now + float(Constants.CHECK_BURST) / Constants.CHECK_RATE
	for _step in 100:
		_sides[1].handle_timeout(_now)
		_now += 0.01

	var sent := _sent(1)
	var to_other := sent.filter(
		func(each: DirectDatagram) -> bool: return each.address.ends_with(":900")
	)
	assert_true(sent.size() >= Constants.CHECK_RATE - 2, "checks: %d" % sent.size())
	assert_true(3 * to_other.size() >= sent.size(), "%d of %d" % [to_other.size(), sent.size()])


func test_attack_peer_that_asks_without_end_does_not_keep_signals_from_others() -> void:
	_welcome([2, 3])
	for _step in 200:
		_sides[1].signals_to_send(_now)
		_now += 0.01
	_now += 8.0
	var asking := Offers.decode(_offer_of(2, _victims(1, 1))).fields
	var renewed_at := INF
	var told_at := INF
	for step in 1000:
		_now += 0.01
		asking[&"seq"] = step + 2
		asking[&"ask"] = true
		var data := Codec.encode_body(Constants.MessageType.OFFER, asking)
		_sides[1].receive_signal(2, data, _now)
		if step == 500:
			renewed_at = _now
			_sides[1].peers[3].offers.renew(_now)
		if _sides[1].signals_to_send(_now).has(3) and renewed_at < INF:
			told_at = minf(told_at, _now)

	var waited := told_at - renewed_at
	assert_true(waited <= 2.0 / Constants.SIGNAL_RATE + 0.001, "waited %f" % waited)


func test_connection_that_was_chosen_anew_is_the_one_that_counts() -> void:
	_welcome([2])
	var former := _sides[1].peers[2].offers.own.connection
	var echoed := Offers.decode(_offer_of(2, _victims(1, 1))).fields
	echoed[&"connection"] = former
	var data := Codec.encode_body(Constants.MessageType.OFFER, echoed)

	assert_eq(_sides[1].receive_signal(2, data, _now), Constants.DROP_BAD_FIELD, "drop")
	var own := _sides[1].peers[2].offers.own.connection
	assert_true(own != former, "another connection")
	assert_true(_sides[1]._by_connection == {own: 2}, "connections")
	_sides[1].forget(2)
	assert_eq(_sides[1]._by_connection.size(), 0, "connections after leaving")
