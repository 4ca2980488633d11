extends RefCounted
## The member's end of the authenticated control channel of one session.

const Constants := preload("../wire/constants.gd")
const Message := preload("../wire/message.gd")
const MessageLayout := preload("../wire/message_layout.gd")
const ReplayWindow := preload("../wire/replay_window.gd")
const Seal := preload("../wire/seal.gd")

var session: int  ## Session id.
var tag: int  ## Session tag.

var _key_out: PackedByteArray
var _key_in: PackedByteArray
var _window: ReplayWindow
var _next_sequence := 1


func _init(grant: Message) -> void:
	session = grant.number(&"session")
	begin_epoch(grant)


## Goes on with the keys of a GRANT that answered BIND; the numbers go on.
func begin_epoch(grant: Message) -> void:
	tag = grant.number(&"tag")
	_key_out = Seal.derive_key(grant.bytes(&"key"), MessageLayout.Sender.MEMBER)
	_key_in = Seal.derive_key(grant.bytes(&"key"), MessageLayout.Sender.RELAY)
	_window = ReplayWindow.new()


## Returns a datagram of the epoch before as one of this epoch.
func renew(datagram: PackedByteArray) -> PackedByteArray:
	var body := datagram.slice(Constants.HEADER_SIZE, datagram.size() - Constants.MAC_SIZE)
	return Seal.sign_body(body, session, tag, _key_out)


## Returns the next sequence number of this direction.
func take_sequence() -> int:
	_next_sequence += 1
	return _next_sequence - 1


## Returns the signed datagram of a message; [param fields] holds its [code]seq[/code].
func encode(
	type: Constants.MessageType, fields: Dictionary[StringName, Variant]
) -> PackedByteArray:
	return Seal.encode(type, fields, session, tag, _key_out)


## Checks and decodes a SEAL datagram whose tag has been checked; lets each through once.
func decode(data: PackedByteArray) -> Message:
	var message := Seal.decode(data, session, _key_in, MessageLayout.Sender.RELAY)
	if message.drop:
		return message
	var sequence := message.number(&"seq")
	if not _window.accepts(sequence):
		return Message.dropped(Constants.DROP_REPLAYED)
	_window.mark(sequence)
	return message
