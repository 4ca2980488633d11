extends RefCounted
## The newest offer of both sides, and when the own one is sent.
##
## Source: protocol_spec/SPEC.md section 18.2.

const Codec := preload("../../wire/codec.gd")
const Constants := preload("../../wire/constants.gd")
const DirectEnd := preload("direct_end.gd")
const Message := preload("../../wire/message.gd")
const MessageLayout := preload("../../wire/message_layout.gd")

const _REPEATS := 8

var own: DirectEnd
## The peer's newest; null before the first.
var peer: Message = null
## The tag that the peer wants in datagrams to it.
var peer_tag := 0
## Number of the attempt that the own newest offer names.
var attempt := 0
## When the own offer is to be sent, clock seconds; INF: not until something happens.
var due := INF

var _candidates := PackedByteArray()
var _number := 0
var _heard := 0  # the peer has heard the own offer of this number
var _sends := 0
var _sent_at := 0.0
var _told := 0  # number of the peer's offer that the own last one named as heard


func _init(own_end: DirectEnd) -> void:
	own = own_end


## Returns what a SIGNAL carries, or why it is no OFFER.
static func decode(data: PackedByteArray) -> Message:
	var message := Codec.decode_body(data, Constants.FirstByte.SEAL, MessageLayout.Sender.PEER)
	if not message.drop and message.type != Constants.MessageType.OFFER:
		return Message.dropped(Constants.DROP_UNEXPECTED_MESSAGE)
	return message


## Tells whether the peer has the own newest offer.
func is_heard() -> bool:
	return _heard >= _number


## Makes a new offer with these candidates, to be sent at once.
func offer(candidates: PackedByteArray, now: float) -> void:
	_candidates = candidates
	renew(now)


## Makes a new offer with the candidates of the one before.
func renew(now: float) -> void:
	_number += 1
	_sends = 0
	due = now


## Takes in an offer of the peer; false when it is older than the newest. [member peer] is
## [param received] then, if it says anything new.
func receive(received: Message, now: float) -> bool:
	if peer != null and not DirectEnd.of(peer).equals(DirectEnd.of(received)):
		peer = null
		_heard = 0
		_told = 0
	var newest := peer.number(&"seq") if peer != null else 0
	var number := received.number(&"seq")
	if number < newest:
		return false
	_heard = maxi(_heard, mini(received.number(&"heard"), _number))
	if number > newest:
		peer = received
		peer_tag = peer.number(&"tag")
	if received.flag(&"ask") and _number:
		_answer(number, now)
	elif is_heard():
		due = INF
	return true


## Returns the own offer for a SIGNAL if it is due, and plans to repeat it; else nothing.
func take(now: float) -> PackedByteArray:
	if now < due:
		return PackedByteArray()
	var interval := minf(Constants.OFFER_INTERVAL * pow(2.0, _sends), Constants.OFFER_INTERVAL_MAX)
	_sends += 1
	_sent_at = now
	_told = peer.number(&"seq") if peer != null else 0
	due = INF if is_heard() or _sends > _REPEATS else now + interval
	return Codec.encode_body(Constants.MessageType.OFFER, _fields())


## Tells that the peer's offer was heard, unless that is on its way.
func _answer(number: int, now: float) -> void:
	var is_told := _told >= number and now < _sent_at + Constants.OFFER_INTERVAL
	due = _sent_at + Constants.OFFER_INTERVAL if is_told else now


func _fields() -> Dictionary[StringName, Variant]:
	var fields: Dictionary[StringName, Variant] = {
		&"seq": _number,
		&"tag": own.tag,
		&"connection": own.connection,
		&"share": own.share,
		&"candidates": _candidates,
		&"heard": _told,
		&"attempt": attempt,
	}
	if not is_heard():
		fields[&"ask"] = true
	return fields
