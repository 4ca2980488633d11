@icon("../icons/error.svg")
class_name PackhorseError
extends RefCounted
## Why something failed, in a form for programs ([member code], [member name]) and in one for
## people ([member message], [member advice], [member stage]).

## Codes of failures that this side finds itself; the relay's codes are positive.
enum Code {
	NO_ANSWER = -1,  ## The relay did not answer in time.
	NAME_UNKNOWN = -2,  ## The relay's name has no address.
	ADDRESS_INVALID = -3,  ## The text given as the relay's address is none.
	NO_SOCKET = -4,  ## The operating system gave no socket.
	CONNECT_TIMEOUT = -5,  ## Connecting took longer than the options allow.
	CODE_INVALID = -6,  ## The text given as the room's code is none.
	ADDRESS_MISSING = -7,  ## Neither the call nor the project settings name a relay.
	SECRET_INVALID = -8,  ## The text given as ticket or access key is none.
	WEBSOCKET_FAILED = -9,  ## No WebSocket connection to the relay could be had.
	WEBSOCKET_REFUSED = -10,  ## What answers there does not serve a WebSocket.
	WEBSOCKET_CLOSED = -11,  ## The WebSocket connection was closed before the relay answered.
	CERTIFICATE_REFUSED = -12,  ## The relay's certificate is not trusted here.
	TRANSPORT_IMPOSSIBLE = -13,  ## The relay cannot be reached over UDP from here.
	OPTIONS_INVALID = -14,  ## An option has a value that it cannot have.
	SAVED_INVALID = -15,  ## The text given as the saved session is none.
}

const _ErrorTexts := preload("../wire/error_texts.gd")
const _Self := preload("packhorse_error.gd")

const _FIREWALL := (
	"check the relay's address and that it is running, "
	+ "and that no firewall blocks UDP and TCP on its port"
)
const _TEXTS: Dictionary[int, Array] = {
	Code.NO_ANSWER: ["NO_ANSWER", "the relay did not answer", _FIREWALL],
	Code.NAME_UNKNOWN:
	[
		"NAME_UNKNOWN",
		"the relay's name has no address",
		"check the spelling of the relay's name and your network connection"
	],
	Code.ADDRESS_INVALID:
	[
		"ADDRESS_INVALID",
		"the relay's address cannot be read",
		"write it as host or host:port, for WebSocket alone as ws://host:port or wss://host:port/path"
	],
	Code.ADDRESS_MISSING:
	[
		"ADDRESS_MISSING",
		"no relay is named",
		"name one in the call, or set packhorse/relay/address in the project settings"
	],
	Code.NO_SOCKET:
	["NO_SOCKET", "the system gave no UDP socket", "check that the game may use the network"],
	Code.CODE_INVALID:
	[
		"CODE_INVALID",
		"this is no room code",
		"a room code has 8 letters and digits, like K7QM-2XPA; U is never one of them"
	],
	Code.SECRET_INVALID:
	[
		"SECRET_INVALID",
		"the ticket or the access key cannot be read",
		"copy the whole line that packhorse ticket printed"
	],
	Code.WEBSOCKET_FAILED:
	["WEBSOCKET_FAILED", "no WebSocket connection to the relay could be had", _FIREWALL],
	Code.WEBSOCKET_REFUSED:
	[
		"WEBSOCKET_REFUSED",
		"the server does not serve a Packhorse WebSocket there",
		"check port and path of the relay's address, and its reverse proxy where it has one"
	],
	Code.WEBSOCKET_CLOSED:
	[
		"WEBSOCKET_CLOSED",
		"the server closed the WebSocket connection",
		"try again; the relay may serve too many connections, or be about to stop"
	],
	Code.CERTIFICATE_REFUSED:
	[
		"CERTIFICATE_REFUSED",
		"the certificate of the relay is not trusted",
		(
			"check the relay's name and the clock of this machine; "
			+ "a self-signed certificate has to be given in the options"
		)
	],
	Code.TRANSPORT_IMPOSSIBLE:
	[
		"TRANSPORT_IMPOSSIBLE",
		"this relay cannot be reached over UDP from here",
		"choose the transport AUTO; without ws:// in the address where UDP is wanted"
	],
	Code.OPTIONS_INVALID:
	[
		"OPTIONS_INVALID",
		"an option has a value that it cannot have",
		(
			"max_peers may be 2 to 1024, or 0 for the relay's own; player_name may have 64 bytes; "
			+ "connect_timeout is a number of seconds above 0"
		)
	],
	Code.SAVED_INVALID:
	[
		"SAVED_INVALID",
		"the saved session cannot be read",
		"give what get_saved_session() returned; without it, join with the room's code"
	],
	Code.CONNECT_TIMEOUT: ["CONNECT_TIMEOUT", "connecting took too long", _FIREWALL],
}

## The relay's error code from the specification, or a [enum Code] below 0.
var code := 0
## The code's name, for example [code]JOIN_DENIED[/code].
var name := ""
## What happened, as a sentence in lower case without a full stop.
var message := ""
## What the reader can do about it.
var advice := ""
## What was being done, for example "joining the room"; empty when it does not apply.
var stage := ""
## Seconds after which to try again; 0 when the relay did not say.
var retry_after := 0.0
## What became of each way to the relay that was tried, where there were several.
var attempts := PackedStringArray()


## Returns the error with the code [param error_code], which need not be known.
static func from_code(error_code: int, error_stage := "", wait := 0.0) -> _Self:
	var error := _Self.new()
	error.code = error_code
	error.stage = error_stage
	error.retry_after = wait
	var unknown := [
		"ERROR_%d" % error_code,
		"the relay answered with error %d" % error_code,
		"update this program",
	]
	var texts: Array = _TEXTS.get(error_code, _ErrorTexts.TEXTS.get(error_code, unknown))
	error.name = texts[0]
	error.message = texts[1]
	error.advice = texts[2]
	return error


## Returns the error with [param detail] added to what happened.
static func explained(error_code: int, error_stage: String, detail: String) -> _Self:
	var error := from_code(error_code, error_stage)
	error.message += ": " + detail
	return error


func _to_string() -> String:
	var text := message
	if stage:
		text += " while " + stage
	if retry_after > 0.0:
		text += " (again in %.0f s)" % ceilf(retry_after)
	if attempts:
		text += " (tried %s)" % ", ".join(attempts)
	return "%s: %s; %s" % [name, text, advice]
