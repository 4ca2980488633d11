extends RefCounted
## What a member wants of the relay: a new room, a place in one, or its session back.

const Constants := preload("../wire/constants.gd")
const Proofs := preload("../wire/proofs.gd")
const Self := preload("wish.gd")
const SavedSession := preload("saved_session.gd")

## Canonical code of the room to join; empty asks for a new room.
var code := ""
## Asks for the public rooms, and enters none.
var lists_rooms := false
## Who may address whom in a new room.
var topology := Constants.Topology.MESH
## Size of a new room, host included: 2..1024, or 0 for the relay's default.
var max_peers := 0
## Ticket of the relay's operator; empty for none.
var ticket := PackedByteArray()
## Access key of the relay; empty for none.
var access_key := PackedByteArray()
## Who asks, for hosts that decide who may join: at most 64 bytes of UTF-8.
var name := ""
## Password of the room; empty for none. The shell turns it into [member password_key].
var password := ""
## Key of the password of the room to join, 32 bytes; empty for none.
var password_key := PackedByteArray()
## The host of the new room decides about each who wants to join.
var approves := false
## Nobody is admitted to the new room until its host opens it.
var locked := false
## The session to take up again; null asks for a new one.
var saved: SavedSession = null
## Whether the program has forgotten what it and its peers had under way for each other.
var is_restarted := false
## The host knows that not everybody may join its room.
var is_guarded := false
## Does not take what peers send to several before they know of this member.
var refuses_strays := false


## Returns the wish of a program that was restarted to have its session back.
static func resuming(session: SavedSession) -> Self:
	var wish := Self.new()
	wish.saved = session
	wish.is_restarted = true
	return wish


## Returns the fields of a request with [param cookie] that show that the relay may serve us, and
## that the room may admit us.
func access_fields(cookie: PackedByteArray) -> Dictionary[StringName, Variant]:
	var fields: Dictionary[StringName, Variant] = {}
	if ticket:
		fields[&"ticket"] = ticket
	if access_key:
		fields[&"access"] = Proofs.access_proof(access_key, cookie)
	if code and password_key:
		fields[&"proof"] = Proofs.password_proof(password_key, cookie)
	return fields
