extends RefCounted
## What a member wants of the relay: a new room, a place in one, or its session back.

const Constants := preload("../wire/constants.gd")
const Self := preload("wish.gd")
const SavedSession := preload("saved_session.gd")

## Canonical code of the room to join; empty asks for a new room.
var code := ""
## Who may address whom in a new room.
var topology := Constants.Topology.MESH
## Size of a new room, host included: 2..1024, or 0 for the relay's default.
var max_peers := 0
## The session to take up again; null asks for a new one.
var saved: SavedSession = null
## Whether the program has forgotten what it and its peers had under way for each other.
var is_restarted := false


## Returns the wish of a program that was restarted to have its session back.
static func resuming(session: SavedSession) -> Self:
	var wish := Self.new()
	wish.saved = session
	wish.is_restarted = true
	return wish
