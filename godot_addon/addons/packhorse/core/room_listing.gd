extends RefCounted
## Asks a relay for its public rooms, page by page, as a pure state machine.
##
## [member error] is set when that has failed; [method is_done] tells when it has succeeded.
## Source: protocol_spec/SPEC.md section 7.7.

const Constants := preload("../wire/constants.gd")
const Ctrl := preload("../wire/ctrl.gd")
const Header := preload("../wire/header.gd")
const Joining := preload("joining.gd")
const Machine := preload("machine.gd")
const MessageLayout := preload("../wire/message_layout.gd")
const Wish := preload("wish.gd")

## Datagrams that were not acted upon, by drop reason.
var drops: Dictionary[StringName, int] = {}
var error: PackhorseError = null

var _relay: String
var _joining: Joining


func _init(wish: Wish, relay: String, random_bytes: Callable, now: float) -> void:
	_relay = relay
	wish.lists_rooms = true
	_joining = Joining.new(wish, Machine.new(), random_bytes, now)


## Tells whether all rooms were found.
func is_done() -> bool:
	return _joining.has_all_rooms


## Returns the rooms found so far, in ascending code.
func rooms() -> Array[Dictionary]:
	return _joining.rooms


## Acts upon a datagram from the network, or counts why not.
func receive_datagram(data: PackedByteArray, source: String, now: float) -> void:
	var drop := _receive(data, source, now)
	if drop:
		drops[drop] = drops.get(drop, 0) + 1


## Returns the request that is due, else nothing; calling early or late is harmless.
func handle_timeout(now: float) -> PackedByteArray:
	var datagram := _joining.handle_timeout(now)
	error = _joining.error
	return datagram


## Returns when [method handle_timeout] next has work, clock seconds; INF when it has none.
func next_timeout() -> float:
	return _joining.next_timeout()


func _receive(data: PackedByteArray, source: String, now: float) -> StringName:
	if source != _relay:
		return Constants.DROP_UNEXPECTED_SOURCE
	var drop := Header.check(data)
	if drop:
		return drop
	if data[0] != Constants.FirstByte.CTRL:
		return Constants.DROP_UNEXPECTED_MESSAGE
	var message := Ctrl.decode(data, MessageLayout.Sender.RELAY)
	if message.drop:
		return message.drop
	return _joining.receive(message, Header.word_of(data), now)
