extends RefCounted
## Proofs and keys of BIND: how both sides show that they know a session's key.
##
## Source: protocol_spec/SPEC.md section 8.6.

const Constants := preload("constants.gd")
const Message := preload("message.gd")
const Seal := preload("seal.gd")

const _BIND_LABEL := "packhorse.v1 bind"
const _EPOCH_LABEL := "packhorse.v1 epoch"
const _BOUND_LABEL := "packhorse.v1 bound"
const _RESTARTED := 1
const _GUARDED := 2


## Returns what the field proof of a BIND with the other [param fields] must be.
static func bind_proof(
	session_key: PackedByteArray, fields: Dictionary[StringName, Variant]
) -> PackedByteArray:
	var bind := Message.new()
	bind.fields = fields
	var signed := bind.bytes(&"cookie").duplicate()
	signed.append_array(_u32(bind.number(&"session")))
	signed.append_array(_u16(bind.number(&"max_datagram")))
	var flags := _RESTARTED if bind.flag(&"restarted") else 0
	signed.append(flags | (_GUARDED if bind.flag(&"guarded") else 0))
	signed.append_array(bind.bytes(&"resume_ticket"))
	return Seal.mac(Seal.hmac(session_key, _BIND_LABEL.to_ascii_buffer()), signed)


## Returns the key that takes the place of the session key after a BIND with [param nonce] that
## was answered with [param share] as the key of GRANT.
static func epoch_key(
	session_key: PackedByteArray, nonce: PackedByteArray, share: PackedByteArray
) -> PackedByteArray:
	return Seal.hmac(session_key, _EPOCH_LABEL.to_ascii_buffer() + nonce + share)


## Tells whether a GRANT that answers BIND was made by a relay that knows the session key.
static func is_valid_grant(grant: Message, epoch: PackedByteArray) -> bool:
	var signed := _BOUND_LABEL.to_ascii_buffer()
	signed.append_array(_u32(grant.number(&"session")))
	signed.append(grant.number(&"tag"))
	signed.append_array(_u32(grant.number(&"peer")))
	signed.append_array(_u16(grant.number(&"max_datagram")))
	signed.append_array(grant.text(&"code").to_utf8_buffer())
	return Seal.is_equal(grant.bytes(&"proof"), Seal.mac(epoch, signed))


static func _u16(number: int) -> PackedByteArray:
	return PackedByteArray([number >> 8 & 0xFF, number & 0xFF])


static func _u32(number: int) -> PackedByteArray:
	return _u16(number >> 16) + _u16(number)
