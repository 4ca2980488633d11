extends RefCounted
## What a program keeps of its session to take it up again, after a crash for example.
##
## It is a secret: who has it can take the session over.

const Constants := preload("../wire/constants.gd")
const Messages := preload("../wire/messages.gd")
const Self := preload("saved_session.gd")

const _VERSION := 1
const _START_SIZE := 7 + Constants.SESSION_KEY_SIZE  # bytes

var session := 0  ## Session id.
var key := PackedByteArray()  ## Session key, 32 bytes.
var max_datagram := 0  ## Largest datagram that was agreed, bytes.
## Resume ticket; without one a relay that was restarted cannot help.
var ticket := PackedByteArray()


## Returns the session as ASCII text without white space.
func to_text() -> String:
	var bytes := PackedByteArray([_VERSION])
	for shift: int in [24, 16, 8, 0]:
		bytes.append(session >> shift & 0xFF)
	bytes.append_array([max_datagram >> 8 & 0xFF, max_datagram & 0xFF])
	var encoded := Marshalls.raw_to_base64(bytes + key + ticket)
	return encoded.replace("+", "-").replace("/", "_")


## Returns the session with a newer ticket; this one stays as it is.
func with_ticket(newer: PackedByteArray) -> Self:
	var saved := Self.new()
	saved.session = session
	saved.key = key
	saved.max_datagram = max_datagram
	saved.ticket = newer
	return saved


## Returns what [method to_text] was called on; null when it is no such text,
## or nothing that a session can have.
static func from_text(text: String) -> Self:
	var plain := text.replace("-", "+").replace("_", "/")
	var is_base64 := RegEx.create_from_string("^([A-Za-z0-9+/]{4})+([A-Za-z0-9+/]+=*)?$").search(
		plain
	)
	if is_base64 == null or plain.length() % 4:
		return null
	var bytes := Marshalls.base64_to_raw(plain)
	if bytes.size() < _START_SIZE or bytes[0] != _VERSION:
		return null
	var saved := Self.new()
	for index in range(1, 5):
		saved.session = saved.session << 8 | bytes[index]
	saved.max_datagram = bytes[5] << 8 | bytes[6]
	saved.key = bytes.slice(7, _START_SIZE)
	saved.ticket = bytes.slice(_START_SIZE)
	return saved if saved._can_be_sent() else null


## Tells whether BIND can carry it.
func _can_be_sent() -> bool:
	return Messages.layouts[Constants.MessageType.BIND].accepts(
		{&"max_datagram": max_datagram, &"resume_ticket": ticket}
	)
