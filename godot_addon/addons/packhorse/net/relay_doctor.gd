extends RefCounted
## Examines a relay stage by stage, over sockets of its own; every stage has a deadline.
##
## Call [method poll] often: the times it measures are as exact as that. At most 30 seconds pass
## until [member is_done].

const Finding := preload("../core/doctor/finding.gd")
const Findings := preload("../core/doctor/findings.gd")
const ProbeRound := preload("../core/doctor/probe_round.gd")
const RelayAddress := preload("../core/relay_address.gd")
const RelayLink := preload("relay_link.gd")
const Resolver := preload("resolver.gd")
const UdpLink := preload("udp_link.gd")
const WebsocketLink := preload("websocket_link.gd")

const _RESOLVING := 5.0  # seconds; a resolver that is slower is broken
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
var _links: Array[RelayLink] = []  # of this stage; the one that answers first is kept
var _used: RelayLink = null  # over which round trips and sizes are measured
var _urls: Array[String] = []  # of WebSockets to try
var _problem: PackhorseError = null  # of the first of them
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
	_let_go_but(null)
	if _used != null:
		_used.close()


func _resolve(now: float) -> void:
	var state := _resolver.poll()
	if state == Resolver.State.WAITING and now - _began_at < _RESOLVING:
		return
	_addresses = _resolver.addresses if state == Resolver.State.FOUND else _addresses
	_add(Findings.resolved(_address.host, _addresses, now - _began_at), now)
	if not _addresses:
		_skip_rest("the relay's name has no address")


func _greet_by_udp(now: float) -> void:
	if _address.scheme:
		_add(Findings.skipped(_stage, "the address is one of a WebSocket"), now)
		return
	if _round == null:
		for host in _addresses:
			_open(UdpLink.new(host, _address.port), now)
		_round = _new_round(_GREETINGS, true)
	_poll_round(now)
	if not _links or _round.is_done(now):
		_keep_greeting()
		var address := _used.relay if _used != null else ""
		_add(Findings.udp(address, now - _began_at), now)


func _greet_by_websocket(now: float) -> void:
	if _round == null:
		_urls = [_address.url("ws")]
		if not _address.scheme:
			_urls.append(_address.url("wss"))
		_round = _new_round([_SMALL, _SMALL], true)
	if not _links and _urls:
		_open(WebsocketLink.new(_urls[0], null), now)
		_urls.remove_at(0)
	_poll_round(now)
	if _links and _links[0].state == RelayLink.State.FAILED:
		_problem = _problem if _problem != null else _links[0].error
		_let_go_but(null)
	if _round.is_done(now) or not _links and not _urls:
		_end_websocket(now)


func _end_websocket(now: float) -> void:
	var problem := "it opens, but nothing answers"
	if _round.samples:
		problem = ""
	elif _problem != null:
		var parts := _problem.message.split(": ")
		problem = parts[-1]
	var url := _links[0].relay if _links else ""
	var is_by_udp := _used != null
	_keep_greeting()
	_add(Findings.websocket(url, problem, is_by_udp, now - _began_at), now)


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
		_round = _new_round(sizes)
	_poll_round(now)
	if _round.is_done(now):
		_add(Findings.rtt(_round.samples, _round.sent()), now)


func _measure_size(now: float) -> void:
	if _used.kind() == RelayLink.Kind.WEBSOCKET:
		_add(Findings.skipped(_stage, "TCP cuts as it needs"), now)
		return
	if _round == null:
		_round = _new_round(_SIZES)
	_poll_round(now)
	if _round.largest == _SIZES[0] or _round.is_done(now):
		_add(Findings.largest_datagram(_round.largest), now)


func _new_round(sizes: Array[int], needs_one := false) -> ProbeRound:
	return ProbeRound.new(_crypto.generate_random_bytes, sizes, _INTERVAL, _PATIENCE, needs_one)


func _open(link: RelayLink, now: float) -> void:
	if link.open(now) == OK or link.error != null:
		_links.append(link)


## Sends what is due on every link; the one that answers first is kept.
func _poll_round(now: float) -> void:
	var open: Array[RelayLink] = []
	for link in _links:
		link.poll(now)
		if link.state == RelayLink.State.OPEN:
			open.append(link)
	if not open:
		return
	for link in open:
		for _index in link.pending():
			var datagram := link.receive()
			if link.source == link.relay and _round.receive(datagram, now):
				_let_go_but(link)
	var request := _round.next_request(now)
	if request:
		for link in open:
			link.send(request)


## Measures over what has answered, UDP where both have.
func _keep_greeting() -> void:
	if _used == null and _round.samples:
		_greeting = _round
		_used = _links[0]


func _let_go_but(kept: RelayLink) -> void:
	for link in _links:
		if link != kept and link != _used:
			link.close()
	_links.clear()
	if kept != null:
		_links.append(kept)


## Ends the stage.
func _add(finding: Finding, now: float) -> void:
	findings.append(finding)
	_round = null
	_began_at = now
	_let_go_but(_used if _stage >= Finding.Stage.WEBSOCKET else null)
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
