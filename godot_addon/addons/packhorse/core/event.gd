extends RefCounted
## What a session tells its application.

enum Type {
	JOINED,  ## The session exists and the roster is known; [member peer] is the own id.
	PEER_JOINED,  ## [member peer] is a member of the room now.
	PEER_LEFT,  ## [member peer] is no member any more; [member code] 0, or why.
	PEER_LOST,  ## The relay has not heard [member peer] for a while; it may come back.
	PEER_FOUND,  ## The lost [member peer] is back.
	MESSAGE,  ## [member data] came from [member peer].
	SESSION_LOST,  ## The relay was not heard for a while, or has forgotten us; it may come back.
	SESSION_RESUMED,  ## The relay answers again.
	RELAY_DRAINING,  ## The relay ends all sessions in [member seconds] at most.
	LIMITED,  ## The relay drops data of this side; [member limits] says what it allows.
	REQUEST_ENDED,  ## [member request] ended with [member code]: 0 done, or why not.
	STAGE_CHANGED,  ## Joining has come to [member stage].
	JOIN_REQUESTED,  ## Somebody called [member text] waits with [member request].
	PATH_CHANGED,  ## Datagrams take another way to the relay.
	## Datagrams to [member peer] go to the address [member text]; empty: over the relay.
	PEER_PATH_CHANGED,
	CLOSED,  ## The session has ended; [member error] is null when this side left.
}

const Constants := preload("../wire/constants.gd")
const Self := preload("event.gd")
const Stages := preload("stages.gd")

var type: Type
var peer := 0
var code := 0
var request := 0
var seconds := 0.0
var stage := Stages.Stage.RESOLVING
var limits: Array[int] = []  ## Bytes a second, datagrams a second, datagrams dropped.
var data := PackedByteArray()
var text := ""
var mode := Constants.Mode.UNRELIABLE  ## How [member data] travelled.
var channel := 0  ## 0..255, of [member data].
var error: PackhorseError = null


func _init(event_type: Type, about := 0, why := 0) -> void:
	type = event_type
	peer = about
	code = why


## Returns the event of bytes that came from the peer [param source].
static func message(
	source: int, bytes: PackedByteArray, how := Constants.Mode.UNRELIABLE, on_channel := 0
) -> Self:
	var event := Self.new(Type.MESSAGE, source)
	event.data = bytes
	event.mode = how
	event.channel = on_channel
	return event


## Returns the event of data that the relay dropped.
static func limited(octets: int, datagrams: int, dropped: int) -> Self:
	var event := Self.new(Type.LIMITED)
	event.limits = [octets, datagrams, dropped]
	return event


## Returns the event of the end of a request.
static func request_ended(sequence: int, why: int) -> Self:
	var event := Self.new(Type.REQUEST_ENDED, 0, why)
	event.request = sequence
	return event


## Returns the event of somebody who calls itself [param who] and waits for the host.
static func join_requested(number: int, who: String) -> Self:
	var event := Self.new(Type.JOIN_REQUESTED)
	event.request = number
	event.text = who
	return event


## Returns the event of another path to a peer: an address, or empty for the relay.
static func peer_path_changed(about: int, address: String) -> Self:
	var event := Self.new(Type.PEER_PATH_CHANGED, about)
	event.text = address
	return event


## Returns the event of a new stage, which takes [param wait] seconds where that is known.
static func stage_changed(new_stage: Stages.Stage, wait := 0.0) -> Self:
	var event := Self.new(Type.STAGE_CHANGED)
	event.stage = new_stage
	event.seconds = wait
	return event


## Returns the event of the end of the session.
static func closed(cause: PackhorseError) -> Self:
	var event := Self.new(Type.CLOSED)
	event.error = cause
	return event
