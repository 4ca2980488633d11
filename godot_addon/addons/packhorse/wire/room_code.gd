extends RefCounted
## Room codes: 8 symbols of Crockford's base32, easy to read out and to type.
##
## Source: protocol_spec/SPEC.md section 5.

const Constants := preload("constants.gd")

const RANDOM_SIZE := 5  ## bytes; 8 symbols of 5 bits

const _SYMBOLS := "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
const _SEPARATORS := "- \u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00a0\u202f"
const _LOOKALIKES: Dictionary[String, String] = {"O": "0", "I": "1", "L": "1"}
const _SHOWN_GROUP := 4  # symbols before the hyphen


## Returns the canonical code of 5 bytes.
static func encode(random: PackedByteArray) -> String:
	var number := 0
	for byte in random.slice(0, RANDOM_SIZE):
		number = number << 8 | byte
	var code := ""
	for index in Constants.CODE_LENGTH:
		code += _SYMBOLS[number >> 5 * (Constants.CODE_LENGTH - 1 - index) & 31]
	return code


## Tells whether [param text] is a code in canonical form.
static func is_canonical(text: String) -> bool:
	if text.length() != Constants.CODE_LENGTH:
		return false
	for symbol in text:
		if not symbol in _SYMBOLS:
			return false
	return true


## Returns the canonical form of what a person typed, or "" when it is no room code.
##
## Case, hyphens and dashes, and spaces do not matter; O reads as 0, I and L as 1. Letters outside
## ASCII are refused, though the upper case of some is a symbol.
static func parse(text: String) -> String:
	var code := text.strip_edges()
	for separator in _SEPARATORS:
		code = code.replace(separator, "")
	if code.to_utf8_buffer().size() != code.length():
		return ""
	code = code.to_upper()
	for lookalike in _LOOKALIKES:
		code = code.replace(lookalike, _LOOKALIKES[lookalike])
	return code if is_canonical(code) else ""


## Returns the canonical code [param code] as people see it: K7QM-2XPA.
static func show(code: String) -> String:
	return code.left(_SHOWN_GROUP) + "-" + code.substr(_SHOWN_GROUP)
