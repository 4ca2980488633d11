extends RefCounted
## The payload of FRAME datagrams as the vectors write it.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Frame := preload("res://addons/packhorse/wire/frame.gd")
const FrameDecoder := preload("res://addons/packhorse/wire/frame_decoder.gd")
const Frames := preload("res://addons/packhorse/wire/frames.gd")
const Piece := preload("res://addons/packhorse/core/delivery/piece.gd")


## Returns the plain form of a payload, or why it is refused.
static func decode(data: PackedByteArray, _input: Dictionary) -> Dictionary:
	var decoder := FrameDecoder.new()
	if not decoder.decode(data, 0):
		return {"drop": Constants.DROP_BAD_FRAME}
	var messages := []
	for index in decoder.heads.size():
		messages.append(_from_frame(decoder.frame(index)))
	var plain := {"number": str(decoder.number), "asks_ack": decoder.asks_ack, "messages": messages}
	if decoder.generation:
		plain["generation"] = str(decoder.generation)
	if decoder.has_ping:
		plain["ping"] = true
	if decoder.has_ack:
		plain["ack"] = _from_ack(decoder)
	if decoder.credit >= 0:
		plain["credit"] = str(decoder.credit)
	return plain


## Returns the one encoding: number, acknowledgement, PING, CREDIT, then the messages.
static func encode(plain: Dictionary, _input: Dictionary) -> PackedByteArray:
	var buffer := PackedByteArray()
	var flags := Frames.HAS_ACK if plain.has("ack") else 0
	flags |= Frames.ASKS_ACK if plain["asks_ack"] == true else 0
	flags |= str(plain.get("generation", "0")).to_int() << Frames.GENERATION_SHIFT
	Frames.append_number(buffer, str(plain["number"]).to_int(), flags)
	if plain.has("ack"):
		var ack: Dictionary = plain["ack"]
		_append_ack(buffer, ack)
	if plain.get("ping") == true:
		buffer.append(Frames.PING)
	if plain.has("credit"):
		Frames.append_credit(buffer, str(plain["credit"]).to_int())
	var messages: Array = plain["messages"]
	for index in messages.size():
		var message: Dictionary = messages[index]
		_to_piece(message).append_to(buffer, index == messages.size() - 1)
	return buffer


static func _from_ack(decoder: FrameDecoder) -> Dictionary:
	var bitmap := decoder.ack_bitmap.duplicate()
	while bitmap and bitmap[-1] == 0:
		bitmap.resize(bitmap.size() - 1)
	return {
		"largest": str(decoder.ack_largest),
		"delay_ms": str(roundi(decoder.ack_delay * 1000.0)),
		"bitmap": bitmap.hex_encode(),
	}


static func _append_ack(buffer: PackedByteArray, ack: Dictionary) -> void:
	var bitmap := str(ack["bitmap"]).hex_decode()
	bitmap.resize(Constants.MAX_ACK_BITMAP)
	var words := PackedInt64Array()
	for start in range(0, Constants.MAX_ACK_BITMAP, 4):
		words.append(bitmap.decode_u32(start))
	var delay := (str(ack["delay_ms"]).to_int() + 0.5) / 1000.0
	Frames.append_ack(buffer, str(ack["largest"]).to_int(), delay, words)


static func _from_frame(frame: Frame) -> Dictionary:
	var plain := {
		"mode": Constants.Mode.find_key(frame.mode),
		"channel": str(frame.channel),
		"payload": frame.payload.hex_encode(),
	}
	if frame.parts > 1 or frame.mode != Constants.Mode.UNRELIABLE:
		plain["sequence"] = str(frame.sequence)
	if frame.parts > 1:
		plain["part"] = str(frame.part)
		plain["parts"] = str(frame.parts)
	return plain


static func _to_piece(plain: Dictionary) -> Piece:
	var mode: int = Constants.Mode[plain["mode"]]
	var channel := str(plain["channel"]).to_int()
	var parts := str(plain.get("parts", "1")).to_int()
	var payload := str(plain["payload"]).hex_decode()
	var piece := Piece.new(Frames.kind_of(mode, channel, parts), payload)
	piece.channel = channel
	piece.sequence = str(plain.get("sequence", "0")).to_int()
	piece.part = str(plain.get("part", "0")).to_int()
	piece.parts = parts
	return piece
