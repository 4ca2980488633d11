extends RefCounted
## What the relay says to a game that only has to know it.

const Event := preload("../core/event.gd")


## Emits the signal of [param peer] that tells of [param event]; nothing for other events.
static func tell(event: Event, peer: PackhorseMultiplayerPeer) -> void:
	match event.type:
		Event.Type.JOIN_REQUESTED:
			peer.doorman.join_requested.emit(event.request, event.text)
		Event.Type.SESSION_LOST:
			peer.session_lost.emit()
		Event.Type.SESSION_RESUMED:
			peer.session_resumed.emit()
		Event.Type.RELAY_DRAINING:
			peer.relay_draining.emit(event.seconds)
		Event.Type.LIMITED:
			peer.limited.emit(event.limits[0], event.limits[1], event.limits[2])
