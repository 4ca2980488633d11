extends RefCounted
## Tickets and keys as people copy them: base64url without padding (RFC 4648).

const _SYMBOLS := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const _WHITE_SPACE := " \t\r\n"


## Returns the bytes of what somebody copied; white space does not matter. Empty when it is no
## base64url.
static func parse(text: String) -> PackedByteArray:
	var joined := _without_white_space(text).rstrip("=")
	if not joined or joined.length() % 4 == 1:
		return PackedByteArray()
	for symbol in joined:
		if symbol not in _SYMBOLS:
			return PackedByteArray()
	var plain := joined.replace("-", "+").replace("_", "/")
	var bytes := Marshalls.base64_to_raw(plain + "=".repeat(-plain.length() & 3))
	var is_exact := Marshalls.raw_to_base64(bytes).rstrip("=") == plain
	return bytes if is_exact else PackedByteArray()


static func _without_white_space(text: String) -> String:
	var joined := ""
	for symbol in text:
		if symbol not in _WHITE_SPACE:
			joined += symbol
	return joined
