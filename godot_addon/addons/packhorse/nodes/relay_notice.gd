extends RefCounted
## Tells a game what it only has to know: what the relay says, and how datagrams travel.

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
		Event.Type.PATH_CHANGED:
			_tell_relayed_paths(peer)
		Event.Type.PEER_PATH_CHANGED:
			tell_path(event.peer, peer)


## Emits the signal of [param peer] that tells how datagrams leave for [param about]; nothing when
## the game does not know that one.
static func tell_path(about: int, peer: PackhorseMultiplayerPeer) -> void:
	var path := peer.get_peer_path(about)
	if path != PackhorseMultiplayerPeer.Path.NONE:
		peer.peer_path_changed.emit(about, path)


## The relay is reached in another way: so are all peers without a way of their own.
static func _tell_relayed_paths(peer: PackhorseMultiplayerPeer) -> void:
	for about in peer.get_peer_ids():
		if peer.get_peer_path(about) != PackhorseMultiplayerPeer.Path.DIRECT:
			tell_path(about, peer)
