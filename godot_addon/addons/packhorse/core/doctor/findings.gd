extends RefCounted
## What the measurements of a relay mean, in words with advice, and the verdict on all of them.

const Constants := preload("../../wire/constants.gd")
const Figures := preload("../monitoring/figures.gd")
const Finding := preload("finding.gd")
const Message := preload("../../wire/message.gd")

const _MUCH_LOSS := 0.05  # of the probes; games begin to feel it
const _LONG_WAY := 0.15  # seconds there and back; fast games begin to feel it


## Returns the finding about the relay's name; [param addresses] is empty when it has none.
static func resolved(host: String, addresses: Array[String], seconds: float) -> Finding:
	if addresses:
		var found := ", ".join(addresses)
		var words := found if found != host else "an address needs no looking up"
		var duration := seconds if found != host else -1.0
		return Finding.of(Finding.Stage.RESOLVE, Finding.Result.PASSED, words, "", duration)
	return Finding.of(
		Finding.Stage.RESOLVE,
		Finding.Result.FAILED,
		"%s has no address" % host,
		"Check the spelling of the relay's name and your network connection.",
		seconds
	)


## Returns the finding about UDP; [param address] is the one that answered, empty when none did.
static func udp(address: String, seconds: float) -> Finding:
	if address:
		var words := "%s answers" % address
		return Finding.of(Finding.Stage.UDP, Finding.Result.PASSED, words, "", seconds)
	return Finding.of(
		Finding.Stage.UDP,
		Finding.Result.FAILED,
		"no answer",
		"Check that the relay runs, that the port is right, and that no firewall blocks UDP there.",
		seconds
	)


## Returns the finding about WebSocket; [param problem] is empty when the relay answered. Where the
## relay answers [param by_udp], that is a warning only.
static func websocket(url: String, problem: String, by_udp: bool, seconds: float) -> Finding:
	var stage := Finding.Stage.WEBSOCKET
	if not problem:
		return Finding.of(stage, Finding.Result.PASSED, "%s answers" % url, "", seconds)
	if not by_udp:
		return Finding.of(stage, Finding.Result.FAILED, problem, "", seconds)
	var advice := (
		"Games in browsers, and players behind firewalls that block UDP, cannot join. "
		+ "Open the relay's port for TCP, too."
	)
	return Finding.of(stage, Finding.Result.WARNING, problem, advice, seconds)


## Returns the finding about the version, from the relay's answer to HELLO.
static func version(answer: Message) -> Finding:
	var stage := Finding.Stage.VERSION
	var own := Constants.WIRE_VERSION
	if answer.type == Constants.MessageType.CHALLENGE and answer.number(&"version") == own:
		return Finding.of(stage, Finding.Result.PASSED, "both speak version %d" % own)
	if answer.number(&"code") != Constants.ErrorCode.UNSUPPORTED_VERSION:
		var other := "the relay gave an answer that does not fit"
		return Finding.of(stage, Finding.Result.FAILED, other, "Update addon and relay.")
	var words := (
		"the relay speaks version %d to %d, this addon %d"
		% [answer.number(&"version_min"), answer.number(&"version_max"), own]
	)
	var is_relay_old := answer.number(&"version_max") < own
	var advice := "Update the relay." if is_relay_old else "Update this addon."
	return Finding.of(stage, Finding.Result.FAILED, words, advice)


## Returns the finding about the round-trip time: [param samples] in seconds, of [param sent]
## probes.
static func rtt(samples: PackedFloat64Array, sent: int) -> Finding:
	var stage := Finding.Stage.RTT
	if not samples:
		var nothing := "none of %d probes came back" % sent
		return Finding.of(stage, Finding.Result.FAILED, nothing, "Try again; the way is broken.")
	var middle := median(samples)
	var lost := maxi(0, sent - samples.size())
	var words := (
		"median %s, least %s, %d of %d lost"
		% [Figures.duration(middle), Figures.duration(_least(samples)), lost, sent]
	)
	if lost > sent * _MUCH_LOSS:
		var advice := "Datagrams get lost on the way: try a cable instead of Wi-Fi."
		return Finding.of(stage, Finding.Result.WARNING, words, advice)
	if middle > _LONG_WAY:
		var advice := "The relay is far away: one nearer to the players makes fast games feel better."
		return Finding.of(stage, Finding.Result.WARNING, words, advice)
	return Finding.of(stage, Finding.Result.PASSED, words)


## Returns the finding about the largest datagram that came through; 0 bytes when none did.
static func largest_datagram(size: int) -> Finding:
	var stage := Finding.Stage.SIZE
	if size >= Constants.MAX_DATAGRAM_DEFAULT:
		return Finding.of(stage, Finding.Result.PASSED, "%d bytes reach the relay" % size)
	if size >= Constants.MAX_DATAGRAM_FALLBACK:
		return Finding.of(
			stage,
			Finding.Result.WARNING,
			"%d bytes reach the relay, %d do not" % [size, Constants.MAX_DATAGRAM_DEFAULT],
			"Games work, in smaller datagrams. A VPN or tunnel on the way is the usual cause."
		)
	return Finding.of(
		stage,
		Finding.Result.FAILED,
		"%d bytes do not reach the relay" % Constants.MAX_DATAGRAM_FALLBACK,
		"A VPN or tunnel on the way takes too small datagrams: try without it."
	)


## Returns the finding about a stage that another one has made needless or impossible.
static func skipped(stage: Finding.Stage, why: String) -> Finding:
	return Finding.of(stage, Finding.Result.SKIPPED, why)


## Returns what all [param findings] together mean for a game, as a sentence.
static func verdict(findings: Array[Finding]) -> String:
	var results: Dictionary[Finding.Stage, Finding.Result] = {}
	for finding in findings:
		results[finding.stage] = finding.result
	if not results.get(Finding.Stage.RESOLVE, Finding.Result.FAILED) == Finding.Result.PASSED:
		return "The relay cannot be found."
	var by_udp: bool = results.get(Finding.Stage.UDP) == Finding.Result.PASSED
	var by_websocket: bool = results.get(Finding.Stage.WEBSOCKET) == Finding.Result.PASSED
	if not by_udp and not by_websocket:
		return "The relay does not answer."
	if results.get(Finding.Stage.VERSION) == Finding.Result.FAILED:
		return "The relay and this addon do not understand each other."
	if results.get(Finding.Stage.UDP) == Finding.Result.FAILED:
		return "The relay can be used by WebSocket only, which is slower where datagrams get lost."
	for result: Finding.Result in results.values():
		if result in [Finding.Result.WARNING, Finding.Result.FAILED]:
			return "The relay can be used; see the advice."
	return "All is well: the relay can be used."


## Returns the middle one of [param samples]; 0 when there are none.
static func median(samples: PackedFloat64Array) -> float:
	var sorted := samples.duplicate()
	sorted.sort()
	var middle := sorted.size() >> 1
	if not sorted:
		return 0.0
	return sorted[middle] if sorted.size() % 2 else (sorted[middle - 1] + sorted[middle]) / 2.0


static func _least(samples: PackedFloat64Array) -> float:
	var least := INF
	for sample in samples:
		least = minf(least, sample)
	return least
