extends RefCounted
## Proofs that a member knows a key, made for one cookie: the key itself never travels.

const Constants := preload("constants.gd")
const Seal := preload("seal.gd")

const _ACCESS_LABEL := "packhorse.v1 access"
const _ROOM_LABEL := "packhorse.v1 room "
const _PROOF_LABEL := "packhorse.v1 proof"
const _MASK_LABEL := "packhorse.v1 mask"
const _FIRST_BLOCK: Array[int] = [0, 0, 0, 1]


## Returns the 32 bytes that show that a member has the relay's access key.
##
## Source: protocol_spec/SPEC.md section 5.9.
static func access_proof(key: PackedByteArray, cookie: PackedByteArray) -> PackedByteArray:
	return Seal.hmac(key, _ACCESS_LABEL.to_ascii_buffer() + cookie)


## Returns the 32-byte key of a room's password: PBKDF2, slow by design. Call it on a thread.
##
## Source: protocol_spec/SPEC.md section 5.10, RFC 8018.
static func password_key(password: String, code: String) -> PackedByteArray:
	var secret := password.to_utf8_buffer()
	var block := (_ROOM_LABEL + code).to_ascii_buffer() + PackedByteArray(_FIRST_BLOCK)
	var sum := PackedInt64Array([0, 0, 0, 0])
	for _round in Constants.PASSWORD_ITERATIONS:
		block = Seal.hmac(secret, block)
		var words := block.to_int64_array()
		for index in 4:
			sum[index] ^= words[index]
	return sum.to_byte_array()


## Returns the 32 bytes that show that a member knows the room's password.
##
## Source: protocol_spec/SPEC.md section 5.10.
static func password_proof(key: PackedByteArray, cookie: PackedByteArray) -> PackedByteArray:
	return Seal.hmac(key, _PROOF_LABEL.to_ascii_buffer() + cookie)


## Hides the key of a password in SET_ROOM, or uncovers it again.
##
## Source: protocol_spec/SPEC.md section 7.6.
static func mask_key(
	key: PackedByteArray, session_key: PackedByteArray, nonce: PackedByteArray
) -> PackedByteArray:
	var stream := Seal.hmac(session_key, _MASK_LABEL.to_ascii_buffer() + nonce)
	var masked := PackedByteArray()
	for index in key.size():
		masked.append(key[index] ^ stream[index])
	return masked
