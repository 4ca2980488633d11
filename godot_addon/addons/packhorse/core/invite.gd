extends RefCounted
## What people paste to join: a room code, or an invite with the relay in it.

const RelayAddress := preload("relay_address.gd")
const RoomCode := preload("../wire/room_code.gd")
const Self := preload("invite.gd")

var code := ""  ## As people see it: K7QM-2XPA.
var relay := ""  ## As the invite has it; empty when it names none.


## Returns what [code]K7QM-2XPA[/code], [code]k7qm2xpa[/code] or [code]CODE@relay[/code] means;
## null when it is none of these.
static func parse(text: String) -> Self:
	var at := text.find("@")
	var code_text := text if at < 0 else text.left(at)
	var canonical := RoomCode.parse(code_text)
	if not canonical:
		return null
	var invite := Self.new()
	invite.code = RoomCode.show(canonical)
	if at >= 0:
		invite.relay = text.substr(at + 1).strip_edges()
		if RelayAddress.parse(invite.relay) == null:
			return null
	return invite


## Returns the invite to the room [param room_code] on [param relay_text].
static func compose(room_code: String, relay_text: String) -> String:
	return "%s@%s" % [room_code, relay_text]
