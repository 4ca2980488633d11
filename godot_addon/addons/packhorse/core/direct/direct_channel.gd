extends RefCounted
## Signs checks for one peer, and lets each of the peer's through once.
##
## Source: protocol_spec/SPEC.md section 18.3.

const Constants := preload("../../wire/constants.gd")
const DirectEnd := preload("direct_end.gd")
const Message := preload("../../wire/message.gd")
const MessageLayout := preload("../../wire/message_layout.gd")
const ReplayWindow := preload("../../wire/replay_window.gd")
const Seal := preload("../../wire/seal.gd")

const _MAX_PAD := 1180  # bytes
const _LEAST_PAD := 1  # bytes, so that no answer is larger than its CHECK
# Bytes of a CHECK beside its padding, at most.
const _PAD_COST := Constants.HEADER_SIZE + Constants.MAC_SIZE + 24

var _key: PackedByteArray
var _own: DirectEnd
var _peer: DirectEnd
var _window := ReplayWindow.new()
var _newest := 0  # number of the newest datagram; 0 before the first


## Joins both ends; [param is_lower] when this side has the lower peer id.
func _init(own: DirectEnd, peer: DirectEnd, is_lower: bool) -> void:
	var lower := own if is_lower else peer
	var higher := peer if is_lower else own
	_key = Seal.derive_direct_key(lower.share, higher.share)
	_own = own
	_peer = peer


## Returns the datagram of a CHECK with [param size] bytes, as far as padding reaches; 0 for a small
## one. Nobody knows [param challenge], 8 random bytes, who does not get it.
func check(challenge: PackedByteArray, size: int) -> PackedByteArray:
	var pad := PackedByteArray()
	pad.resize(clampi(size - _PAD_COST, _LEAST_PAD, _MAX_PAD))
	return _seal(Constants.MessageType.CHECK, {&"challenge": challenge, &"pad": pad})


## Returns the answer to the peer's CHECK with [param challenge].
func checked(challenge: PackedByteArray) -> PackedByteArray:
	return _seal(Constants.MessageType.CHECKED, {&"challenge": challenge})


## Checks and decodes a SEAL datagram for this side's connection.
func decode(data: PackedByteArray) -> Message:
	if data[1] != _own.tag:
		return Message.dropped(Constants.DROP_WRONG_TAG)
	var message := Seal.decode(data, _own.connection, _key, MessageLayout.Sender.PEER)
	if message.drop:
		return message
	var sequence := message.number(&"seq")
	if not _window.accepts(sequence):
		return Message.dropped(Constants.DROP_REPLAYED)
	_window.mark(sequence)
	return message


func _seal(type: Constants.MessageType, fields: Dictionary[StringName, Variant]) -> PackedByteArray:
	_newest += 1
	fields[&"seq"] = _newest
	return Seal.encode(type, fields, _peer.connection, _peer.tag, _key)
