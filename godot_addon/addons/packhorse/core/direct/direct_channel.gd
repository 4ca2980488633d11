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
# Bytes of a CHECK beside its padding.
const _PAD_COST := Constants.HEADER_SIZE + Constants.MAC_SIZE + 12

## Number of the newest datagram; 0 before the first.
var newest := 0

var _key: PackedByteArray
var _own: DirectEnd
var _peer: DirectEnd
var _window := ReplayWindow.new()


## Joins both ends; [param is_lower] when this side has the lower peer id.
func _init(own: DirectEnd, peer: DirectEnd, is_lower: bool) -> void:
	var lower := own if is_lower else peer
	var higher := peer if is_lower else own
	_key = Seal.derive_direct_key(lower.share, higher.share)
	_own = own
	_peer = peer


## Returns the datagram of a CHECK with [param size] bytes, as far as padding reaches; 0 for a small
## one. Its number is [member newest] then.
func check(size: int) -> PackedByteArray:
	if not size:
		return _seal(Constants.MessageType.CHECK, {})
	var pad := PackedByteArray()
	pad.resize(clampi(size - _PAD_COST, 0, _MAX_PAD))
	return _seal(Constants.MessageType.CHECK, {&"pad": pad})


## Returns the answer to the peer's CHECK number [param request].
func checked(request: int) -> PackedByteArray:
	return _seal(Constants.MessageType.CHECKED, {&"request": request})


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
	newest += 1
	fields[&"seq"] = newest
	return Seal.encode(type, fields, _peer.connection, _peer.tag, _key)
