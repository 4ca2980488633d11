extends "res://tests/test_case.gd"
## The examination of a relay: probes, rounds, and what their results mean.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Ctrl := preload("res://addons/packhorse/wire/ctrl.gd")
const Finding := preload("res://addons/packhorse/core/doctor/finding.gd")
const Findings := preload("res://addons/packhorse/core/doctor/findings.gd")
const Header := preload("res://addons/packhorse/wire/header.gd")
const Message := preload("res://addons/packhorse/wire/message.gd")
const MessageLayout := preload("res://addons/packhorse/wire/message_layout.gd")
const ProbeRound := preload("res://addons/packhorse/core/doctor/probe_round.gd")
const RelayProbe := preload("res://addons/packhorse/core/doctor/relay_probe.gd")

const PASSED := Finding.Result.PASSED
const WARNING := Finding.Result.WARNING
const FAILED := Finding.Result.FAILED
const SKIPPED := Finding.Result.SKIPPED

var _count := 0


## Bytes that are new each time.
func _random_bytes(size: int) -> PackedByteArray:
	_count += 1
	var bytes := PackedByteArray()
	bytes.resize(size)
	bytes.encode_u32(0, _count)
	return bytes


func _no_bytes(size: int) -> PackedByteArray:
	var bytes := PackedByteArray()
	bytes.resize(size)
	return bytes


func _answer(request: PackedByteArray) -> PackedByteArray:
	var fields: Dictionary[StringName, Variant] = {
		&"version": 1, &"features": 0, &"cookie": _no_bytes(Constants.COOKIE_SIZE)
	}
	return Ctrl.encode(Constants.MessageType.CHALLENGE, fields, Header.word_of(request))


func _refusal(fields: Dictionary[StringName, Variant]) -> Message:
	fields[&"code"] = Constants.ErrorCode.UNSUPPORTED_VERSION
	var datagram := Ctrl.encode(Constants.MessageType.ERROR, fields, 1)
	return Ctrl.decode(datagram, MessageLayout.Sender.RELAY)


func test_probe_is_a_hello_of_the_size_wanted() -> void:
	var probe := RelayProbe.new(_random_bytes)
	for size: int in [256, 576, 1200]:
		var request := probe.next_request(size, 0.0)
		var message := Ctrl.decode(request, MessageLayout.Sender.MEMBER)

		assert_eq(message.type, Constants.MessageType.HELLO, "type")
		assert_true(request.size() in [size, size - 1], "%d bytes" % request.size())


func test_answer_is_matched_with_its_probe_once() -> void:
	var probe := RelayProbe.new(_random_bytes)
	var first := probe.next_request(256, 1.0)
	var second := probe.next_request(256, 2.0)

	assert_true(probe.receive(_answer(second), 2.25), "answer to the second")
	assert_eq([probe.answered, probe.seconds], [2, 0.25], "number and time")
	assert_true(probe.receive(_answer(first), 2.5), "answer to the first")
	assert_true(not probe.receive(_answer(first), 2.6), "the same again")


func test_foreign_datagrams_answer_no_probe() -> void:
	var probe := RelayProbe.new(_random_bytes)
	var request := probe.next_request(256, 0.0)
	var other := Header.encode(Constants.FirstByte.DATA, 0, Header.word_of(request))
	other.append(1)
	var broken := _answer(request)
	broken.resize(broken.size() - 3)

	for datagram: PackedByteArray in [PackedByteArray(), other, broken, request]:
		assert_true(not probe.receive(datagram, 0.1), datagram.hex_encode().left(20))
	assert_true(probe.receive(_answer(request), 0.1), "the answer itself")


func test_probes_that_nobody_answers_are_bounded() -> void:
	var probe := RelayProbe.new(_random_bytes)
	var oldest := probe.next_request(256, 0.0)
	for _index in 64:
		probe.next_request(256, 0.0)

	assert_true(not probe.receive(_answer(oldest), 1.0), "the oldest gave way")


func test_transaction_of_a_probe_is_never_that_of_a_nudge() -> void:
	assert_eq(Header.word_of(RelayProbe.new(_no_bytes).next_request(256, 0.0)), 1, "transaction")


func test_round_sends_its_probes_one_after_the_other() -> void:
	var probes := ProbeRound.new(_random_bytes, [256, 256], 0.25, 1.0)

	assert_true(not probes.next_request(10.0).is_empty(), "first")
	assert_true(probes.next_request(10.2).is_empty(), "too early")
	assert_true(not probes.next_request(10.25).is_empty(), "second")
	assert_true(probes.next_request(10.6).is_empty(), "no third")
	assert_true(not probes.is_done(11.2), "waits")
	assert_true(probes.is_done(11.25), "patience is over")


func test_round_that_needs_one_answer_ends_with_it() -> void:
	var probes := ProbeRound.new(_random_bytes, [1200, 576], 0.25, 1.0, true)
	var request := probes.next_request(0.0)

	assert_true(probes.receive(_answer(request), 0.1), "answer")
	assert_true(probes.is_done(0.1), "done")
	assert_true(probes.next_request(0.5).is_empty(), "nothing more is sent")


func test_round_knows_the_largest_probe_that_was_answered() -> void:
	var probes := ProbeRound.new(_random_bytes, [1200, 800, 576], 0.1, 1.0)
	probes.next_request(0.0)
	var middle := probes.next_request(0.1)
	var small := probes.next_request(0.2)
	probes.receive(_answer(small), 0.3)
	probes.receive(_answer(middle), 0.3)

	assert_eq(probes.largest, 800, "bytes")
	assert_eq(probes.samples.size(), 2, "samples")


func test_versions_are_compared_in_words() -> void:
	var probe := RelayProbe.new(_random_bytes)
	probe.receive(_answer(probe.next_request(256, 0.0)), 0.0)
	var newer := Findings.version(_refusal({&"version_min": 2, &"version_max": 3}))
	var older := Findings.version(_refusal({&"version_min": 0, &"version_max": 0}))

	assert_eq(Findings.version(probe.answer).result, PASSED, "the same version")
	assert_eq(newer.result, FAILED, "a newer relay")
	assert_true("this addon" in newer.advice, newer.advice)
	assert_true("the relay" in older.advice, older.advice)


func test_round_trips_are_judged() -> void:
	var near := Findings.rtt(PackedFloat64Array([0.03, 0.01, 0.02]), 3)
	var far := Findings.rtt(PackedFloat64Array([0.2, 0.3]), 2)
	var lossy := Findings.rtt(PackedFloat64Array([0.02, 0.02]), 4)

	assert_eq([near.result, near.words], [PASSED, "median 20 ms, least 10 ms, 0 of 3 lost"], "near")
	assert_eq([far.result, far.words], [WARNING, "median 250 ms, least 200 ms, 0 of 2 lost"], "far")
	assert_true("far away" in far.advice, far.advice)
	assert_eq(lossy.result, WARNING, "loss")
	assert_true("lost" in lossy.advice, lossy.advice)
	assert_eq(Findings.rtt(PackedFloat64Array(), 4).result, FAILED, "nothing came back")


func test_sizes_are_judged() -> void:
	assert_eq(Findings.largest_datagram(1200).result, PASSED, "the usual size")
	assert_eq(Findings.largest_datagram(800).result, WARNING, "a smaller one")
	assert_eq(Findings.largest_datagram(0).result, FAILED, "none")


func test_every_problem_comes_with_advice() -> void:
	for finding: Finding in [
		Findings.resolved("nowhere", [], 1.0),
		Findings.udp("", 1.0),
		Findings.websocket("ws://x", "no answer", true, 1.0),
		Findings.version(_refusal({&"version_min": 2, &"version_max": 2})),
		Findings.rtt(PackedFloat64Array(), 4),
		Findings.largest_datagram(576),
		Findings.largest_datagram(256),
	]:
		assert_true(finding.advice.ends_with("."), Finding.TITLES[finding.stage])


func test_verdict_sums_up() -> void:
	assert_eq(_verdict([FAILED]), "The relay cannot be found.", "no name")
	assert_eq(_verdict([PASSED, FAILED, FAILED]), "The relay does not answer.", "silence")
	assert_true("each other" in _verdict([PASSED, PASSED, PASSED, FAILED]), "version")
	assert_true("WebSocket only" in _verdict([PASSED, FAILED, PASSED, PASSED]), "no UDP")
	assert_true("advice" in _verdict([PASSED, PASSED, WARNING, PASSED]), "no WebSocket")
	assert_true("All is well" in _verdict([PASSED, PASSED, PASSED, PASSED]), "all")
	assert_true("All is well" in _verdict([PASSED, SKIPPED, PASSED, PASSED]), "WebSocket wanted")


func _verdict(results: Array[Finding.Result]) -> String:
	var findings: Array[Finding] = []
	for stage in results.size():
		findings.append(Finding.of(stage as Finding.Stage, results[stage], ""))
	return Findings.verdict(findings)
