extends RefCounted
## A relay's address as people type it.

const Self := preload("relay_address.gd")

const DEFAULT_PORT := 6969
const DEFAULT_PATH := "/v1"  # SPEC.md section 17

const _LARGEST_PORT := 65535
const _NOT_IN_HOSTS := " /@?#[]\t\n\r"
const _MAX_PATH := 256  # characters
const _SCHEMES: Array[String] = ["ws", "wss"]

var host := ""  ## Name or IP address literal.
var port := DEFAULT_PORT
var scheme := ""  ## [code]ws[/code] or [code]wss[/code] for WebSocket alone, else empty.
var path := ""  ## Of the WebSocket; empty without a scheme.


## Returns what [code]host[/code], [code]host:port[/code], [code][ipv6][/code],
## [code][ipv6]:port[/code] or one of them as [code]ws://host:port[/code] or
## [code]wss://host:port/path[/code] means; null when it is none of these.
static func parse(text: String) -> Self:
	var trimmed := text.strip_edges()
	var address := Self.new()
	if "://" in trimmed and not address._take_scheme(trimmed):
		return null
	var where := trimmed
	if address.scheme:
		where = trimmed.get_slice("://", 1).get_slice("/", 0)
	var is_address := address._take_host(where) and address._has_host()
	return address if is_address else null


## Returns the URL of the relay's WebSocket; [param new_scheme] counts where none was typed.
func url(new_scheme: String) -> String:
	var is_own := not scheme.is_empty()
	var where := "[%s]" % host if ":" in host else host
	var used_path := path if is_own else DEFAULT_PATH
	return "%s://%s:%d%s" % [scheme if is_own else new_scheme, where, port, used_path]


func _take_host(text: String) -> bool:
	if text.begins_with("["):
		var end := text.find("]")
		host = text.substr(1, end - 1)
		return end > 0 and _take_port(text.substr(end + 1))
	if text.count(":") > 1:  # an IPv6 address without brackets
		host = text
		return true
	host = text.get_slice(":", 0)
	return _take_port(text.substr(host.length()))


## Takes ":port" or nothing; false when it is neither.
func _take_port(text: String) -> bool:
	if text in ["", ":"]:
		return true
	var digits := text.substr(1)
	if text[0] != ":" or digits.length() > 5 or not digits.is_valid_int() or digits[0] in "+-":
		return false
	port = digits.to_int()
	return port >= 1 and port <= _LARGEST_PORT


## Takes scheme and path of a URL; false when they are none of a WebSocket.
func _take_scheme(text: String) -> bool:
	scheme = text.get_slice("://", 0)
	var rest := text.substr(scheme.length() + 3)
	var slash := rest.find("/")
	path = rest.substr(slash) if slash >= 0 and slash < rest.length() - 1 else DEFAULT_PATH
	return scheme in _SCHEMES and _is_path()


## Tells whether the path can stand in a request as it is.
func _is_path() -> bool:
	for index in path.length():
		if path.unicode_at(index) <= 0x20 or path.unicode_at(index) >= 0x7F:
			return false
	return path.length() <= _MAX_PATH


func _has_host() -> bool:
	for symbol in _NOT_IN_HOSTS:
		if symbol in host:
			return false
	return not host.is_empty()
