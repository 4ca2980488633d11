@icon("../icons/doorman.svg")
class_name PackhorseDoorman
extends RefCounted
## Decides who may join a room that was created with [member PackhorseRoomOptions.approve]; the
## [member PackhorseMultiplayerPeer.doorman] of its host.

## Emitted when somebody wants to join; answer with [method admit] or [method refuse] within 30
## seconds. [param player_name] is what they say; anything up to 64 bytes.
@warning_ignore("unused_signal")
signal join_requested(request: int, player_name: String)

const _RelayClient := preload("../net/relay_client.gd")

## Set by the peer.
var client: _RelayClient = null
## Held by whoever uses [member client]; set by the peer.
var lock: Mutex = null


## Lets somebody in.
func admit(request: int) -> Error:
	return _decide(request, true)


## Turns somebody away.
func refuse(request: int) -> Error:
	return _decide(request, false)


func _decide(request: int, is_welcome: bool) -> Error:
	if client == null:
		return ERR_UNAVAILABLE
	var error := ERR_UNAVAILABLE
	lock.lock()
	if client.session != null:
		error = client.session.decide(request, is_welcome, Time.get_ticks_usec() / 1e6)
	lock.unlock()
	return error
