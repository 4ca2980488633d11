extends RefCounted
## Examines a relay stage by stage, over sockets of its own; every stage has a deadline.
##
## Call [method poll] often: the times it measures are as exact as that. At most 30 seconds pass
## until [member is_done].

const Finding := preload("../core/doctor/finding.gd")
const Findings := preload("../core/doctor/findings.gd")
const ProbeRound := preload("../core/doctor/probe_round.gd")
const RelayAddress := preload("../core/relay_address.gd")
const Resolver := preload("resolver.gd")
const UdpLink := preload("udp_link.gd")
const WebSocketProbe := preload("websocket_probe.gd")

const _RESOLVING := 5.0  # seconds; a resolver that is slower is broken
const _REACHING := 5.0  # seconds for a WebSocket to open and answer
const _INTERVAL := 0.25  # seconds between probes; the relay answers five a second
const _GREETINGS: Array[int] = [1200, 1200, 576, 576, 256, 256]  # bytes
const _PATIENCE := 1.0  # seconds for the last answer of a round
const _SAMPLES := 10
const _SMALL := 256  # bytes; the smallest HELLO that is answered
const _SIZES: Array[int] = [1200, 1200, 1200, 1024, 1024, 800, 800, 576, 576]  # bytes

## What was found so far, in the order of the stages.
var findings: Array[Finding] = []
var is_done := false

var _address: RelayAddress
var _crypto := Crypto.new()  # a Callable does not keep its object
var _stage := Finding.Stage.RESOLVE
var _began_at := -1.0  # clock seconds, of the stage
var _resolver: Resolver
var _addresses: Array[String] = []
var _links: Array[UdpLink] = []  # in the end the one that answered
var _websocket: WebSocketProbe = null
var _round: ProbeRound = null
var _greeting: ProbeRound = null  # the one that was answered


func _init(address: RelayAddress) -> void:
	_address = address
	_resolver = Resolver.new(address.host)


## Does the next steps.
func poll(now: float) -> void:
	if is_done:
		return
	if _began_at < 0.0:
		_began_at = now
	match _stage:
		Finding.Stage.RESOLVE:
			_resolve(now)
		Finding.Stage.UDP:
			_greet_by_udp(now)
		Finding.Stage.WEBSOCKET:
			_greet_by_websocket(now)
		Finding.Stage.VERSION:
			_compare_versions(now)
		Finding.Stage.RTT:
			_measure_rtt(now)
		Finding.Stage.SIZE:
			_measure_size(now)


## Gives up; harmless when done.
func close() -> void:
	is_done = true
	for link in _links:
		link.close()
	_links.clear()
	if _websocket != null:
		_websocket.close()


func _resolve(now: float) -> void:
	var state := _resolver.poll()
	if state == Resolver.State.WAITING and now - _began_at < _RESOLVING:
		return
	_addresses = _resolver.addresses if state == Resolver.State.FOUND else _addresses
	_add(Findings.resolved(_address.host, _addresses, now - _began_at), now)
	if not _addresses:
		_skip_rest("the relay's name has no address")


func _greet_by_udp(now: float) -> void:
	if _round == null:
		_open_links()
		_round = ProbeRound.new(
			_crypto.generate_random_bytes, _GREETINGS, _INTERVAL, _PATIENCE, true
		)
	_poll_round(now)
	if not _links or _round.is_done(now):
		_greeting = _round if _round.samples else null
		var address := _links[0].relay if _greeting != null else ""
		_add(Findings.udp(address, now - _began_at), now)


func _open_links() -> void:
	for host in _addresses:
		var link := UdpLink.new(host, _address.port)
		if link.open() == OK:
			_links.append(link)


func _greet_by_websocket(now: float) -> void:
	if _websocket == null:
		_websocket = WebSocketProbe.new(_addresses[0], _address.port)
		_round = ProbeRound.new(
			_crypto.generate_random_bytes, [_SMALL] as Array[int], _INTERVAL, _PATIENCE, true
		)
	_websocket.poll()
	if _websocket.is_open():
		_poll_round_by_websocket(now)
	var is_late := now - _began_at >= _REACHING
	if _round.samples or _websocket.problem or _round.is_done(now) or is_late:
		_end_websocket(now)


func _end_websocket(now: float) -> void:
	var problem := "" if _round.samples else _websocket.problem
	if not problem and not _round.samples:
		problem = "it opens, but nothing answers" if _websocket.is_open() else "no answer"
	if _greeting == null and _round.samples:
		_greeting = _round
	_add(Findings.websocket(_websocket.url, problem, now - _began_at), now)


func _compare_versions(now: float) -> void:
	if _greeting == null:
		_skip_rest("the relay does not answer")
		close()
	else:
		_add(Findings.version(_greeting.answer), now)


func _measure_rtt(now: float) -> void:
	if _round == null:
		var sizes: Array[int] = []
		sizes.resize(_SAMPLES)
		sizes.fill(_SMALL)
		_round = ProbeRound.new(_crypto.generate_random_bytes, sizes, _INTERVAL, _PATIENCE)
	if _is_by_udp():
		_poll_round(now)
	else:
		_poll_round_by_websocket(now)
	if _round.is_done(now):
		_add(Findings.rtt(_round.samples, _round.sent()), now)


func _measure_size(now: float) -> void:
	if not _is_by_udp():
		_add(Findings.skipped(_stage, "TCP cuts as it needs"), now)
		return
	if _round == null:
		_round = ProbeRound.new(_crypto.generate_random_bytes, _SIZES, _INTERVAL, _PATIENCE)
	_poll_round(now)
	if _round.largest == _SIZES[0] or _round.is_done(now):
		_add(Findings.largest_datagram(_round.largest), now)


func _is_by_udp() -> bool:
	return findings[Finding.Stage.UDP].result == Finding.Result.PASSED


## Sends what is due on every link; the one that answers first is kept.
func _poll_round(now: float) -> void:
	var request := _round.next_request(now)
	for link: UdpLink in _links.duplicate():
		if request:
			link.send(request)
		for _index in link.pending():
			var datagram := link.receive()
			if link.source == link.relay and _round.receive(datagram, now):
				_keep_only(link)


func _poll_round_by_websocket(now: float) -> void:
	_websocket.poll()
	for datagram in _websocket.received():
		_round.receive(datagram, now)
	var request := _round.next_request(now)
	if request:
		_websocket.send(request)


func _keep_only(kept: UdpLink) -> void:
	for link in _links:
		if link != kept:
			link.close()
	_links = [kept]


## Ends the stage.
func _add(finding: Finding, now: float) -> void:
	findings.append(finding)
	_round = null
	_began_at = now
	if _stage == Finding.Stage.SIZE:
		close()
	else:
		_stage = (_stage + 1) as Finding.Stage


func _skip_rest(why: String) -> void:
	while _stage < Finding.Stage.SIZE:
		findings.append(Findings.skipped(_stage, why))
		_stage = (_stage + 1) as Finding.Stage
	findings.append(Findings.skipped(_stage, why))
	is_done = true
