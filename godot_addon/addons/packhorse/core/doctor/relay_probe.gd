extends RefCounted
## Measures the way to a relay without becoming anything there: HELLO, and its answer.
##
## A relay answers HELLO and forgets it, so that probing costs it nothing; it answers five a second
## for each address. Source: protocol_spec/SPEC.md section 5.1.

const Constants := preload("../../wire/constants.gd")
const Ctrl := preload("../../wire/ctrl.gd")
const Header := preload("../../wire/header.gd")
const Message := preload("../../wire/message.gd")
const MessageLayout := preload("../../wire/message_layout.gd")

const _MAX_OPEN := 64  # probes whose answer is awaited; the oldest gives way

var answered := 0  ## Number of the probe that the last datagram answered, from 1.
var seconds := 0.0  ## How long that took.
var answer: Message = null  ## What the relay said.

var _random_bytes: Callable
var _open: Dictionary[int, Array] = {}  # transaction id to number and clock seconds
var _count := 0


## Starts with a function that returns as many random bytes as it is asked for.
func _init(random_bytes: Callable) -> void:
	_random_bytes = random_bytes


## Returns the next probe, of [param size] bytes, to be sent now; they are numbered from 1.
func next_request(size: int, now: float) -> PackedByteArray:
	_count += 1
	var random: PackedByteArray = _random_bytes.call(4)
	var transaction := maxi(1, random.decode_u32(0))  # 0 is that of NUDGE
	_open[transaction] = [_count, now]
	if _open.size() > _MAX_OPEN:
		_open.erase(_open.keys()[0])
	var nonce: PackedByteArray = _random_bytes.call(Constants.NONCE_SIZE)
	var fields: Dictionary[StringName, Variant] = {
		&"version_min": Constants.WIRE_VERSION,
		&"version_max": Constants.WIRE_VERSION,
		&"features": Constants.KNOWN_FEATURES,
		&"nonce": nonce,
	}
	return Ctrl.encode_padded(Constants.MessageType.HELLO, fields, transaction, size)


## Takes in a datagram; true when it answers a probe, which [member answered] then names.
func receive(data: PackedByteArray, now: float) -> bool:
	if Header.check(data) or data[0] != Constants.FirstByte.CTRL:
		return false
	var transaction := Header.word_of(data)
	if not _open.has(transaction):
		return false
	var message := Ctrl.decode(data, MessageLayout.Sender.RELAY)
	if message.drop:
		return false
	answered = _open[transaction][0]
	var sent_at: float = _open[transaction][1]
	seconds = now - sent_at
	answer = message
	_open.erase(transaction)
	return true
