extends RefCounted
## What a member wants of the relay: a new room, or a place in one.

const Constants := preload("../wire/constants.gd")

## Canonical code of the room to join; empty asks for a new room.
var code := ""
## Who may address whom in a new room.
var topology := Constants.Topology.MESH
## Size of a new room, host included: 2..1024, or 0 for the relay's default.
var max_peers := 0
