extends RefCounted
## Finds out why a WebSocket connection could not be had: asks the server once more in plain HTTP,
## because the engine tells its scripts nothing.
##
## [member error] is set when it knows, at its deadline at the latest. In a browser nobody can know.

const Stages := preload("../core/stages.gd")

const _REQUEST: Array[String] = [
	"Connection: Upgrade",
	"Upgrade: websocket",
	"Sec-WebSocket-Version: 13",
	"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
	"Sec-WebSocket-Protocol: packhorse.v1",
]
const _SWITCHING_PROTOCOLS := 101

var error: PackhorseError = null

var _client := HTTPClient.new()
var _url: String
var _is_encrypted: bool
var _is_certificate_ignored := false
var _has_connected := false
var _close_code: int
var _give_up_at: float  # clock seconds


## Asks the server of [param url], whose connection ended with [param close_code] (-1 for none).
func _init(url: String, tls: TLSOptions, close_code: int, give_up_at: float) -> void:
	_url = url
	_is_encrypted = url.begins_with("wss:")
	_close_code = close_code
	_give_up_at = give_up_at
	_connect(tls)


## Returns the error of a connection on which nothing came.
static func of_silence() -> PackhorseError:
	return _explained(PackhorseError.Code.WEBSOCKET_FAILED, "no answer")


## Returns the error of a server that takes no connections.
static func of_absence(is_encrypted: bool) -> PackhorseError:
	var what := "TLS connections" if is_encrypted else "connections"
	return _explained(PackhorseError.Code.WEBSOCKET_FAILED, "nothing takes %s there" % what)


## Returns the error of a connection that ended with [param code], -1 for none.
static func of_closing(code: int) -> PackhorseError:
	if code < 0:
		var detail := "the connection was closed"
		return _explained(PackhorseError.Code.WEBSOCKET_FAILED, detail)
	return _explained(PackhorseError.Code.WEBSOCKET_CLOSED, "code %d" % code)


## Does the next step; call it until [member error] is set.
func poll(now: float) -> void:
	if error != null:
		return
	_client.poll()
	match _client.get_status():
		HTTPClient.STATUS_CONNECTED:
			_ask()
		HTTPClient.STATUS_BODY:
			_judge(_client.get_response_code())
		HTTPClient.STATUS_TLS_HANDSHAKE_ERROR:
			_judge_handshake()
		HTTPClient.STATUS_CANT_CONNECT, HTTPClient.STATUS_CANT_RESOLVE:
			error = of_absence(_is_encrypted)
		HTTPClient.STATUS_CONNECTION_ERROR, HTTPClient.STATUS_DISCONNECTED:
			error = _of_broken_connection()
	if error == null and now >= _give_up_at:
		error = of_silence()


func _connect(tls: TLSOptions) -> void:
	var authority := _url.get_slice("://", 1).get_slice("/", 0)
	var port := authority.substr(authority.rfind(":") + 1).to_int()
	var host := authority.substr(0, authority.rfind(":")).trim_prefix("[").trim_suffix("]")
	if _client.connect_to_host(host, port, tls if _is_encrypted else null) != OK:
		error = of_closing(_close_code)


func _ask() -> void:
	var has_asked := _has_connected
	_has_connected = true
	if _is_certificate_ignored:
		error = PackhorseError.from_code(PackhorseError.Code.CERTIFICATE_REFUSED, _words())
	elif has_asked:
		_judge(_client.get_response_code())
	else:
		var where := _url.get_slice("://", 1)
		var path := where.substr(where.find("/"))
		if _client.request(HTTPClient.METHOD_GET, path, PackedStringArray(_REQUEST)) != OK:
			error = of_closing(_close_code)


func _judge(status: int) -> void:
	if status == _SWITCHING_PROTOCOLS:
		error = of_closing(_close_code)
		return
	var detail := "the server answers HTTP %d" % status
	error = _explained(PackhorseError.Code.WEBSOCKET_REFUSED, detail)


## A server that shakes hands with who trusts everybody has the wrong certificate.
func _judge_handshake() -> void:
	if _is_certificate_ignored:
		error = _of_broken_connection()
		return
	_is_certificate_ignored = true
	_client = HTTPClient.new()
	_connect(TLSOptions.client_unsafe())


func _of_broken_connection() -> PackhorseError:
	if _has_connected or not _is_encrypted:
		return of_closing(_close_code)
	return _explained(PackhorseError.Code.WEBSOCKET_FAILED, "the server does not speak TLS")


static func _explained(code: PackhorseError.Code, detail: String) -> PackhorseError:
	return PackhorseError.explained(code, _words(), detail)


static func _words() -> String:
	return Stages.WORDS[Stages.Stage.REACHING_WEBSOCKET]
