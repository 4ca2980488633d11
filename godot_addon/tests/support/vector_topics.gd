extends RefCounted
## How each topic of the vectors is decoded and encoded by the addon.
##
## A decoder returns [code]{"drop": reason}[/code] or the plain form of what it decoded; an
## encoder returns bytes, or null where the topic has nothing to encode.

const Address := preload("res://addons/packhorse/wire/address.gd")
const Binding := preload("res://addons/packhorse/wire/binding.gd")
const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Cookie := preload("cookie.gd")
const Ctrl := preload("res://addons/packhorse/wire/ctrl.gd")
const FrameTopic := preload("frame_topic.gd")
const Header := preload("res://addons/packhorse/wire/header.gd")
const Legacy := preload("res://addons/packhorse/wire/legacy.gd")
const MessageLayout := preload("res://addons/packhorse/wire/message_layout.gd")
const MsgpackProfile := preload("res://addons/packhorse/wire/msgpack_profile.gd")
const OfferedAddresses := preload("res://addons/packhorse/wire/offered_addresses.gd")
const Plain := preload("plain.gd")
const Proofs := preload("res://addons/packhorse/wire/proofs.gd")
const ReplayWindow := preload("res://addons/packhorse/wire/replay_window.gd")
const RoomCode := preload("res://addons/packhorse/wire/room_code.gd")
const RoomList := preload("res://addons/packhorse/wire/room_list.gd")
const Seal := preload("res://addons/packhorse/wire/seal.gd")


## Returns topic to its decoder: func(data, input) -> Dictionary.
static func decoders() -> Dictionary[String, Callable]:
	return {
		"header": _decode_header,
		"msgpack": _decode_msgpack,
		"ctrl": _decode_ctrl,
		"keys": _decode_keys,
		"binding": _decode_binding,
		"seal": _decode_seal,
		"replay": _decode_replay,
		"cookie": _decode_cookie,
		"room_code": _decode_room_code,
		"proof": _decode_proof,
		"room_list": _decode_room_list,
		"address": _decode_address,
		"candidates": _decode_candidates,
		"legacy": _decode_legacy,
		"frames": FrameTopic.decode,
	}


## Returns topic to its encoder: func(decoded, input) -> PackedByteArray.
static func encoders() -> Dictionary[String, Callable]:
	return {
		"header": _encode_header,
		"msgpack": _encode_msgpack,
		"ctrl": _encode_ctrl,
		"seal": _encode_seal,
		"cookie": _encode_cookie,
		"room_code": _encode_room_code,
		"address": _encode_address,
		"candidates": _encode_candidates,
		"legacy": _encode_legacy,
		"frames": FrameTopic.encode,
	}


static func _decode_header(data: PackedByteArray, _input: Dictionary) -> Dictionary:
	var drop := Header.check(data)
	if drop:
		return {"drop": drop}
	var kind := Header.kind_of(data)
	var plain := {
		"kind": Constants.Kind.find_key(kind),
		"tag": str(Header.tag_of(data)),
		"word": str(Header.word_of(data)),
		"payload": data.slice(Constants.HEADER_SIZE).hex_encode(),
	}
	if kind in [Constants.Kind.DATA, Constants.Kind.FRAME]:
		plain["destination"] = str(Header.destination_of(data))
		plain["source"] = str(Header.source_of(data))
		plain["fanout"] = Header.is_fanout(data)
	return plain


static func _encode_header(plain: Dictionary, _input: Dictionary) -> PackedByteArray:
	var first_byte: int = Constants.FirstByte[plain["kind"]]
	var tag := str(plain["tag"]).to_int()
	var header := Header.encode(first_byte, tag, str(plain["word"]).to_int())
	if plain.has("destination"):
		var destination := str(plain["destination"]).to_int()
		header = Header.encode_destination(first_byte, tag, destination)
	return header + str(plain["payload"]).hex_decode()


static func _decode_msgpack(data: PackedByteArray, _input: Dictionary) -> Dictionary:
	var decoded := MsgpackProfile.decode(data)
	return {"drop": decoded.drop} if decoded.drop else Plain.from_value(decoded.result)


static func _encode_msgpack(plain: Dictionary, _input: Dictionary) -> PackedByteArray:
	return MsgpackProfile.encode(Plain.to_value(plain))


static func _decode_ctrl(data: PackedByteArray, input: Dictionary) -> Dictionary:
	var drop := Header.check(data)
	if drop:
		return {"drop": drop}
	var message := Ctrl.decode(data, _sender(input))
	if message.drop:
		return {"drop": message.drop}
	var transaction := str(Header.word_of(data))
	return {"transaction": transaction, "message": Plain.from_message(message)}


static func _encode_ctrl(plain: Dictionary, _input: Dictionary) -> PackedByteArray:
	var message: Dictionary = plain["message"]
	var transaction := str(plain["transaction"]).to_int()
	return Ctrl.encode(Plain.type_of(message), Plain.fields_of(message), transaction)


static func _decode_keys(data: PackedByteArray, _input: Dictionary) -> Dictionary:
	return {
		"member_to_relay": Seal.derive_key(data, MessageLayout.Sender.MEMBER).hex_encode(),
		"relay_to_member": Seal.derive_key(data, MessageLayout.Sender.RELAY).hex_encode(),
		"member_to_member": Seal.derive_direct_key(data.slice(0, 16), data.slice(16)).hex_encode(),
	}


static func _decode_binding(data: PackedByteArray, input: Dictionary) -> Dictionary:
	var message := Ctrl.decode(data, _sender(input))
	var session_key := str(input["session_key"]).hex_decode()
	if message.type == Constants.MessageType.BIND:
		var proof := Binding.bind_proof(session_key, message.fields)
		var is_right := proof == message.bytes(&"proof")
		return {"proof": proof.hex_encode()} if is_right else {"drop": Constants.DROP_BAD_MAC}
	var nonce := str(input["nonce"]).hex_decode()
	var epoch := Binding.epoch_key(session_key, nonce, message.bytes(&"key"))
	if not Binding.is_valid_grant(message, epoch):
		return {"drop": Constants.DROP_BAD_MAC}
	return {"epoch_key": epoch.hex_encode()}


static func _decode_seal(data: PackedByteArray, input: Dictionary) -> Dictionary:
	var drop := Header.check(data)
	if drop:
		return {"drop": drop}
	var session := str(input["session"]).to_int()
	var message := Seal.decode(data, session, _direction_key(input), _sender(input))
	if message.drop:
		return {"drop": message.drop}
	return {
		"session": str(Header.word_of(data)),
		"tag": str(Header.tag_of(data)),
		"message": Plain.from_message(message),
	}


static func _encode_seal(plain: Dictionary, input: Dictionary) -> PackedByteArray:
	var message: Dictionary = plain["message"]
	var session := str(plain["session"]).to_int()
	var tag := str(plain["tag"]).to_int()
	var fields := Plain.fields_of(message)
	return Seal.encode(Plain.type_of(message), fields, session, tag, _direction_key(input))


static func _decode_replay(data: PackedByteArray, input: Dictionary) -> Dictionary:
	var window := ReplayWindow.new()
	for offered: String in input["offered"]:
		if window.accepts(offered.to_int()):
			window.mark(offered.to_int())
	var sequence := Cookie.time_of(data)
	if not window.accepts(sequence):
		return {"drop": Constants.DROP_REPLAYED}
	return {"seq": str(sequence)}


static func _decode_cookie(data: PackedByteArray, input: Dictionary) -> Dictionary:
	var now := str(input["now"]).to_int()
	var secret := str(input["secret"]).hex_decode()
	var address := str(input["address"]).hex_decode()
	var nonce := str(input["nonce"]).hex_decode()
	if not Cookie.is_valid(data, secret, address, nonce, _offer(input), now):
		return {"drop": Constants.DROP_COOKIE_INVALID}
	return {"time": str(Cookie.time_of(data))}


static func _encode_cookie(plain: Dictionary, input: Dictionary) -> PackedByteArray:
	var secret := str(input["secret"]).hex_decode()
	var address := str(input["address"]).hex_decode()
	var nonce := str(input["nonce"]).hex_decode()
	return Cookie.make(secret, address, nonce, _offer(input), str(plain["time"]).to_int())


static func _decode_room_code(_data: PackedByteArray, input: Dictionary) -> Dictionary:
	var text: String = input["text"]
	var code := RoomCode.parse(text)
	if not code:
		return {"drop": "no_room_code"}
	return {"code": code, "shown": RoomCode.show(code)}


## The bytes are the code's own bits, so that they are what gives the code here.
static func _encode_room_code(plain: Dictionary, _input: Dictionary) -> PackedByteArray:
	var number := 0
	for symbol in str(plain["code"]):
		number = number << 5 | "0123456789ABCDEFGHJKMNPQRSTVWXYZ".find(symbol)
	var bytes := PackedByteArray([number >> 32]) + Cookie.u32(number)
	return bytes if RoomCode.encode(bytes) == plain["code"] else PackedByteArray()


static func _decode_room_list(data: PackedByteArray, _input: Dictionary) -> Dictionary:
	var drop: Array[StringName] = []
	var rooms := RoomList.decode(data, drop)
	if drop:
		return {"drop": drop[0]}
	for room in rooms:
		var metadata: PackedByteArray = room["metadata"]
		room["metadata"] = metadata.hex_encode()
		room["peers"] = str(room["peers"])
		room["max_peers"] = str(room["max_peers"])
	return {"rooms": rooms as Array}


static func _decode_proof(data: PackedByteArray, input: Dictionary) -> Dictionary:
	var key := str(input.get("key", "")).hex_decode()
	match input["of"]:
		"access":
			return {"proof": Proofs.access_proof(key, data).hex_encode()}
		"password":
			return {"proof": Proofs.password_proof(key, data).hex_encode()}
		"mask":
			var nonce := str(input["nonce"]).hex_decode()
			return {"proof": Proofs.mask_key(data, key, nonce).hex_encode()}
	var password := data.get_string_from_utf8()
	return {"proof": Proofs.password_key(password, str(input["code"])).hex_encode()}


static func _decode_address(data: PackedByteArray, _input: Dictionary) -> Dictionary:
	return {"host": Address.host_of(data), "port": str(Address.port_of(data))}


static func _encode_address(plain: Dictionary, _input: Dictionary) -> PackedByteArray:
	return Address.encode(str(plain["host"]), str(plain["port"]).to_int())


static func _decode_candidates(data: PackedByteArray, _input: Dictionary) -> Dictionary:
	if not OfferedAddresses.is_valid(data):
		return {"drop": Constants.DROP_BAD_FIELD}
	var found := OfferedAddresses.decode(data)
	var candidates := []
	for address in found:
		var named: Dictionary = _decode_address(Address.parse(address), {})
		named["kind"] = Constants.CandidateKind.find_key(found[address])
		candidates.append(named)
	return {"candidates": candidates}


static func _encode_candidates(decoded: Dictionary, _input: Dictionary) -> PackedByteArray:
	var found: Dictionary[String, int] = {}
	for candidate: Dictionary in decoded["candidates"]:
		var encoded := _encode_address(candidate, {})
		found[Address.show(encoded)] = Constants.CandidateKind[candidate["kind"]]
	return OfferedAddresses.encode(found)


static func _decode_legacy(data: PackedByteArray, _input: Dictionary) -> Dictionary:
	var drop := Legacy.check(data)
	if drop:
		return {"drop": drop}
	return {"peer": str(Legacy.peer_of(data)), "payload": Legacy.payload_of(data).hex_encode()}


static func _encode_legacy(plain: Dictionary, _input: Dictionary) -> PackedByteArray:
	return Legacy.encode(str(plain["peer"]).to_int(), str(plain["payload"]).hex_decode())


static func _sender(input: Dictionary) -> MessageLayout.Sender:
	match str(input["sender"]):
		"member":
			return MessageLayout.Sender.MEMBER
		"peer":
			return MessageLayout.Sender.PEER
		_:
			return MessageLayout.Sender.RELAY


static func _direction_key(input: Dictionary) -> PackedByteArray:
	var key := str(input["session_key"]).hex_decode()
	var sender := _sender(input)
	if sender == MessageLayout.Sender.PEER:
		return Seal.derive_direct_key(key.slice(0, 16), key.slice(16))
	return Seal.derive_key(key, sender)


static func _offer(input: Dictionary) -> PackedByteArray:
	var versions := PackedByteArray(
		[str(input["version_min"]).to_int(), str(input["version_max"]).to_int()]
	)
	return versions + Cookie.u32(str(input["features"]).to_int())
