extends RefCounted
## The relay's side of one session, as far as tests of a member need it; keeps no state of a room.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Ctrl := preload("res://addons/packhorse/wire/ctrl.gd")
const Header := preload("res://addons/packhorse/wire/header.gd")
const Message := preload("res://addons/packhorse/wire/message.gd")
const MessageLayout := preload("res://addons/packhorse/wire/message_layout.gd")
const Seal := preload("res://addons/packhorse/wire/seal.gd")

const ADDRESS := "192.0.2.1:6969"
const SESSION := 0x01020304
const TAG := 0x5C
const CODE := "K7QM2XPA"
const LOST_AFTER := 15.0  # seconds
const REMOVED_AFTER := 60.0  # seconds

## Sequence number of the next SEAL datagram.
var next_sequence := 1

var _key := PackedByteArray()


func _init() -> void:
	_key.resize(Constants.SESSION_KEY_SIZE)
	_key.fill(7)


## Decodes a CTRL datagram of the member.
static func read_ctrl(datagram: PackedByteArray) -> Message:
	return Ctrl.decode(datagram, MessageLayout.Sender.MEMBER)


## Returns CHALLENGE in answer to [param hello]; [param changes] replace fields.
static func challenge(
	hello: PackedByteArray, changes: Dictionary[StringName, Variant] = {}
) -> PackedByteArray:
	var cookie := PackedByteArray()
	cookie.resize(Constants.COOKIE_SIZE)
	var fields: Dictionary[StringName, Variant] = {&"version": 1, &"features": 0, &"cookie": cookie}
	fields.merge(changes, true)
	return Ctrl.encode(Constants.MessageType.CHALLENGE, fields, Header.word_of(hello))


## Returns ERROR in answer to [param request].
static func error(
	request: PackedByteArray, code: int, changes: Dictionary[StringName, Variant] = {}
) -> PackedByteArray:
	var fields: Dictionary[StringName, Variant] = {&"code": code}
	fields.merge(changes, true)
	return Ctrl.encode(Constants.MessageType.ERROR, fields, Header.word_of(request))


## Returns PENDING in answer to [param request].
static func pending(request: PackedByteArray) -> PackedByteArray:
	return Ctrl.encode(Constants.MessageType.PENDING, {}, Header.word_of(request))


## Returns ERROR SESSION_UNKNOWN about the session [param session].
static func denial(session := SESSION) -> PackedByteArray:
	var code := Constants.ErrorCode.SESSION_UNKNOWN
	return Ctrl.encode(Constants.MessageType.ERROR, {&"code": code}, session)


## Returns NUDGE.
static func nudge() -> PackedByteArray:
	return Ctrl.encode(Constants.MessageType.NUDGE, {}, 0)


## Returns DATA from the peer [param source].
static func data(source: int, payload: PackedByteArray, tag := TAG) -> PackedByteArray:
	return Header.encode(Constants.FirstByte.DATA, tag, source) + payload


## Returns GRANT in answer to [param request]; [param changes] replace fields.
func grant(
	request: PackedByteArray, changes: Dictionary[StringName, Variant] = {}
) -> PackedByteArray:
	var fields: Dictionary[StringName, Variant] = {
		&"version": 1,
		&"features": 0,
		&"max_datagram": read_ctrl(request).number(&"max_datagram"),
		&"topology": 0,
		&"max_peers": 64,
		&"code": CODE,
		&"session": SESSION,
		&"tag": TAG,
		&"key": _key,
		&"peer": 2,
		&"rev": 2,
		&"ping_interval_ms": 5000,
		&"lost_after_ms": int(LOST_AFTER * 1000.0),
		&"removed_after_ms": int(REMOVED_AFTER * 1000.0),
		&"mapped": PackedByteArray([192, 0, 2, 7, 0xD4, 0x31]),
	}
	fields.merge(changes, true)
	return Ctrl.encode(Constants.MessageType.GRANT, fields, Header.word_of(request))


## Returns a SEAL datagram of the relay.
func seal(
	type: Constants.MessageType, fields: Dictionary[StringName, Variant] = {}
) -> PackedByteArray:
	fields[&"seq"] = next_sequence
	next_sequence += 1
	var direction_key := Seal.derive_key(_key, MessageLayout.Sender.RELAY)
	return Seal.encode(type, fields, SESSION, TAG, direction_key)


## Returns ROSTER with one page of all [param peers], present but for [param lost].
func roster(revision: int, peers: Array[int], lost: Array[int] = []) -> PackedByteArray:
	return roster_page(revision, 0, 1, peers, lost)


## Returns one page of ROSTER.
func roster_page(
	revision: int, page: int, pages: int, peers: Array[int], lost: Array[int] = []
) -> PackedByteArray:
	var records: Array[PackedInt64Array] = []
	for peer in peers:
		var state := Constants.PeerState.LOST if peer in lost else Constants.PeerState.PRESENT
		records.append(PackedInt64Array([peer, state]))
	return seal(
		Constants.MessageType.ROSTER,
		{&"rev": revision, &"page": page, &"pages": pages, &"peers": records}
	)


## Returns EVENTS with records of revision, kind, peer and code.
func events(records: Array[PackedInt64Array]) -> PackedByteArray:
	return seal(Constants.MessageType.EVENTS, {&"events": records})


## Returns PONG to the PING with the number [param ping].
func pong(ping: int, revision := 2) -> PackedByteArray:
	var mapped := PackedByteArray([192, 0, 2, 7, 0xD4, 0x31])
	return seal(Constants.MessageType.PONG, {&"ping": ping, &"rev": revision, &"mapped": mapped})


## Decodes a SEAL datagram of the member.
func read_seal(datagram: PackedByteArray) -> Message:
	var direction_key := Seal.derive_key(_key, MessageLayout.Sender.MEMBER)
	return Seal.decode(datagram, SESSION, direction_key, MessageLayout.Sender.MEMBER)
