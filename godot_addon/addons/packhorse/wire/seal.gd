extends RefCounted
## SEAL datagrams: control messages of a session, authenticated and protected from replay.

const Codec := preload("codec.gd")
const Constants := preload("constants.gd")
const Header := preload("header.gd")
const Message := preload("message.gd")
const MessageLayout := preload("message_layout.gd")

const _MEMBER_LABEL := "packhorse.v1 member to relay"
const _RELAY_LABEL := "packhorse.v1 relay to member"
const _DIRECT_LABEL := "packhorse.v1 member to member"


## Returns the 32-byte key of one direction, derived from the session key.
##
## Source: protocol_spec/SPEC.md section 6.
static func derive_key(
	session_key: PackedByteArray, sender: MessageLayout.Sender
) -> PackedByteArray:
	var is_member := sender == MessageLayout.Sender.MEMBER
	var label := _MEMBER_LABEL if is_member else _RELAY_LABEL
	return hmac(session_key, label.to_ascii_buffer())


## Returns the 32-byte key of what two members seal for each other, derived from the 16-byte shares
## of the one with the lower and of the one with the higher peer id.
##
## Source: protocol_spec/SPEC.md section 18.
static func derive_direct_key(
	lower_share: PackedByteArray, higher_share: PackedByteArray
) -> PackedByteArray:
	return hmac(lower_share + higher_share, _DIRECT_LABEL.to_ascii_buffer())


## Returns the SEAL datagram of a message, signed with [param key], the key of its direction;
## empty when a field has the wrong type, size or range.
##
## Source: protocol_spec/SPEC.md section 6.
static func encode(
	type: Constants.MessageType,
	fields: Dictionary[StringName, Variant],
	session: int,
	tag: int,
	key: PackedByteArray
) -> PackedByteArray:
	var body := Codec.encode_body(type, fields)
	return sign_body(body, session, tag, key) if body else body


## Returns the SEAL datagram of a body that has been encoded.
static func sign_body(
	body: PackedByteArray, session: int, tag: int, key: PackedByteArray
) -> PackedByteArray:
	var datagram := Header.encode(Constants.FirstByte.SEAL, tag, session)
	datagram.append_array(body)
	datagram.append_array(mac(key, datagram))
	return datagram


## Checks that the datagram is of [param session] and its MAC with [param key], then decodes the
## body; the header is good.
##
## The caller compares the message's [code]seq[/code] with its replay window.
## Source: protocol_spec/SPEC.md section 6.
static func decode(
	data: PackedByteArray, session: int, key: PackedByteArray, sender: MessageLayout.Sender
) -> Message:
	var end := data.size() - Constants.MAC_SIZE
	if end <= Constants.HEADER_SIZE:
		return Message.dropped(Constants.DROP_TOO_SHORT)
	if Header.word_of(data) != session:
		return Message.dropped(Constants.DROP_UNKNOWN_SESSION)
	if not is_equal(data.slice(end), mac(key, data.slice(0, end))):
		return Message.dropped(Constants.DROP_BAD_MAC)
	var body := data.slice(Constants.HEADER_SIZE, end)
	return Codec.decode_body(body, Constants.FirstByte.SEAL, sender)


## Returns the first 16 bytes of HMAC-SHA256.
static func mac(key: PackedByteArray, signed: PackedByteArray) -> PackedByteArray:
	return hmac(key, signed).slice(0, Constants.MAC_SIZE)


## Returns HMAC-SHA256, 32 bytes.
static func hmac(key: PackedByteArray, data: PackedByteArray) -> PackedByteArray:
	var context := HMACContext.new()
	if context.start(HashingContext.HASH_SHA256, key) != OK or context.update(data) != OK:
		return PackedByteArray()
	return context.finish()


## Compares in a time that does not depend on where the two differ; nothing equals nothing.
static func is_equal(received: PackedByteArray, expected: PackedByteArray) -> bool:
	if received.size() != expected.size():
		return false
	var difference := 0
	for index in received.size():
		difference |= received[index] ^ expected[index]
	return difference == 0
