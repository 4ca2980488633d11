extends RefCounted
## PING and PONG: the lease, the round-trip time, and whether the relay is there.
##
## Source: protocol_spec/SPEC.md section 8.

## What silence of the relay means.
enum Liveness { ALIVE, LOST, EXPIRED }

const Constants := preload("../wire/constants.gd")
const Message := preload("../wire/message.gd")
const Rtt := preload("rtt.gd")

const _EARLY_PINGS := 5
const _MAX_OPEN := 32  # PINGs whose PONG is still awaited; the oldest gives way
const _VARIATION := 0.1  # of the interval, either way
const _ADVISED_INTERVAL := 1.0  # seconds between PINGs that somebody asked for
const _ANSWERED_INTERVAL := 0.25  # seconds between them where the relay answers

var liveness := Liveness.ALIVE
## When the first PING was sent after which nothing came, clock seconds; INF while all is answered.
var silent_since := INF
## PINGs from then on.
var unanswered := 0
var rtt := Rtt.new()

var _interval: float
var _lost_after: float
var _removed_after: float
var _random_bytes: Callable
var _open: Dictionary[int, float] = {}  # sequence number to send time, oldest first
var _sent := 0
var _advised_at := INF
var _followed_at: float  # when advice last led to a PING
var _may_advise_at: float
var _ping_at: float
var _heard_at: float
var _may_be_denied := false


func _init(grant: Message, random_bytes: Callable, now: float) -> void:
	_interval = grant.number(&"ping_interval_ms") / 1000.0
	_lost_after = grant.number(&"lost_after_ms") / 1000.0
	_removed_after = grant.number(&"removed_after_ms") / 1000.0
	_random_bytes = random_bytes
	_followed_at = now - _ADVISED_INTERVAL
	_may_advise_at = now
	_ping_at = now
	_heard_at = now


## Returns when to ping or to look at [member liveness] next.
func next_timeout() -> float:
	return minf(minf(_ping_at, _advised_at), _silence_ends_at())


## Tells whether a PING must go out.
func is_due(now: float) -> bool:
	return now >= minf(_ping_at, _advised_at)


## Pings at once, or a second after the last advice that was followed: somebody says that the
## relay does not know this address.
func advise(now: float) -> void:
	if _advised_at == INF:
		_advised_at = maxf(now, _may_advise_at)


## Notes that the PING with the number [param sequence] was sent.
func count_send(sequence: int, now: float) -> void:
	_open[sequence] = now
	unanswered += 1
	silent_since = minf(silent_since, now)
	if _open.size() > _MAX_OPEN:
		_open.erase(_open.keys()[0])
	_sent += 1
	if _advised_at != INF:
		_advised_at = INF
		_followed_at = now
		_may_advise_at = now + _ADVISED_INTERVAL
	_may_be_denied = true
	_ping_at = now + _next_interval()


## Tells whether a denial of the session counts: once for each PING sent.
func take_denial() -> bool:
	var counts := _may_be_denied
	_may_be_denied = false
	return counts


## Measures the RTT if the PONG answers an open PING.
func receive_pong(ping: int, now: float) -> void:
	if _open.has(ping):
		rtt.add(now - _open[ping])
		_open.erase(ping)
		_drop_advice()


## Takes no sample from the PINGs sent so far: a proof of the address delays their PONG.
func forget_open() -> void:
	_open.clear()
	_drop_advice()


## Pings at once: the relay has taken the session up again.
func begin_again(now: float) -> void:
	forget_open()
	_may_be_denied = false
	_ping_at = now


## Notes that the relay does not know the session; true when it was not lost before.
func lose() -> bool:
	var was_alive := liveness == Liveness.ALIVE
	liveness = Liveness.LOST
	return was_alive


## Notes a valid SEAL datagram; true when the relay was lost before.
func hear(now: float) -> bool:
	var was_lost := liveness == Liveness.LOST
	liveness = Liveness.ALIVE
	_heard_at = now
	silent_since = INF
	unanswered = 0
	return was_lost


## Judges the silence; true when [member liveness] has changed.
func check(now: float) -> bool:
	if now < _silence_ends_at():
		return false
	var is_expired := liveness == Liveness.LOST or now - _heard_at >= _removed_after
	liveness = Liveness.EXPIRED if is_expired else Liveness.LOST
	return true


## The relay knows this address, or is about to: what waits would tell it nothing.
func _drop_advice() -> void:
	_advised_at = INF
	_may_advise_at = minf(_may_advise_at, _followed_at + _ANSWERED_INTERVAL)


func _silence_ends_at() -> float:
	return _heard_at + (_lost_after if liveness == Liveness.ALIVE else _removed_after)


func _next_interval() -> float:
	var interval := _interval
	if _sent < _EARLY_PINGS:
		interval = minf(interval, Constants.PING_INTERVAL_EARLY)
	var random: PackedByteArray = _random_bytes.call(2)
	var fraction := (random[0] << 8 | random[1]) / float(0xFFFF)
	return interval * (1.0 + _VARIATION * (2.0 * fraction - 1.0))
