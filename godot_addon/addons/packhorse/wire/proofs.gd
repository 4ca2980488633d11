extends RefCounted
## Proofs that a member knows a key, made for one cookie: the key itself never travels.

const Seal := preload("seal.gd")

const _ACCESS_LABEL := "packhorse.v1 access"


## Returns the 32 bytes that show that a member has the relay's access key.
##
## Source: protocol_spec/SPEC.md section 5.9.
static func access(key: PackedByteArray, cookie: PackedByteArray) -> PackedByteArray:
	return Seal.hmac(key, _ACCESS_LABEL.to_ascii_buffer() + cookie)
