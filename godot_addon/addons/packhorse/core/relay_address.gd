extends RefCounted
## A relay's address as people type it.

const Self := preload("relay_address.gd")

const DEFAULT_PORT := 6969

const _LARGEST_PORT := 65535
const _NOT_IN_HOSTS := " /@[]\t\n\r"

var host := ""  ## Name or IP address literal.
var port := DEFAULT_PORT


## Returns what [code]host[/code], [code]host:port[/code], [code][ipv6][/code] or
## [code][ipv6]:port[/code] means; null when it is none of these.
static func parse(text: String) -> Self:
	var trimmed := text.strip_edges()
	var address := Self.new()
	var has_port := true
	if trimmed.begins_with("["):
		var end := trimmed.find("]")
		address.host = trimmed.substr(1, end - 1)
		has_port = end > 0 and address._take_port(trimmed.substr(end + 1))
	elif trimmed.count(":") > 1:  # an IPv6 address without brackets
		address.host = trimmed
	else:
		address.host = trimmed.get_slice(":", 0)
		has_port = address._take_port(trimmed.substr(address.host.length()))
	return address if has_port and address._has_host() else null


## Takes ":port" or nothing; false when it is neither.
func _take_port(text: String) -> bool:
	if text in ["", ":"]:
		return true
	var digits := text.substr(1)
	if text[0] != ":" or digits.length() > 5 or not digits.is_valid_int() or digits[0] in "+-":
		return false
	port = digits.to_int()
	return port >= 1 and port <= _LARGEST_PORT


func _has_host() -> bool:
	for symbol in _NOT_IN_HOSTS:
		if symbol in host:
			return false
	return not host.is_empty()
