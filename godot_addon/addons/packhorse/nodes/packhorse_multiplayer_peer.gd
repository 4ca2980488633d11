@icon("../icons/multiplayer_peer.svg")
class_name PackhorseMultiplayerPeer
extends "member_peer.gd"
## Multiplayer through a Packhorse relay: no port forwarding, rooms with codes that people can type.
##
## [codeblock]
## var peer := PackhorseMultiplayerPeer.new()
## peer.room_created.connect(func(code: String) -> void: $Code.text = code)
## peer.connection_error.connect(func(error: PackhorseError) -> void: $Status.text = str(error))
## # or peer.join_room("relay.example.org", "K7QM-2XPA")
## if peer.create_room("relay.example.org") == OK:
##     multiplayer.multiplayer_peer = peer
## [/codeblock]
## Peer ids are those of the room: the host is 1, then 2, 3, 4 in the order of joining; no id is
## used twice in the life of a room.[br][br]
## [b]Transfer modes:[/b] all three, on channels 0 to 255, which do not wait for each other. Packets
## are cut to fit the path; a reliable one may have 16 MiB, an unreliable one 64 KiB, and is lost
## when one of its pieces is. When more than 8 MiB of reliable packets wait for a peer that does not
## keep up, further ones are refused with [constant @GlobalScope.ERR_OUT_OF_MEMORY].[br][br]
## [b]Silence:[/b] a peer that crashed or lost its network is told after 15 seconds with
## [signal peer_lost]. Unless it comes back, the relay removes a client 60 seconds after it was last
## heard, and closes the room 120 seconds after the host was. A game that loads is not silent: a
## thread goes on for 60 seconds, see [code]packhorse/connection/network_thread[/code].[br][br]
## Once the session has ended, the same object can create or join another room; so it can after
## [method MultiplayerPeer.close], but in a later frame, when Godot has forgotten the peers, or
## after [code]multiplayer.multiplayer_peer = null[/code].

## Emitted when the room exists and this peer is its host; [param code] is [member room_code].
signal room_created(code: String)
## Emitted when connecting has come to another stage, [constant Stage.CONNECTED] at last.
signal stage_changed(stage: Stage)
## Emitted when connecting has failed or the session has been ended, just before the status becomes
## [constant MultiplayerPeer.CONNECTION_DISCONNECTED]; within [method create_room] and
## [method join_room] when these are given what cannot be read. Without a connection, it becomes a
## warning. Not emitted after [method MultiplayerPeer.close]. To try again, wait for the status.
signal connection_error(error: PackhorseError)
## Emitted when the relay was silent for 15 seconds, or was restarted; nothing has to be done. Where
## UDP is dead and a WebSocket can be had, the session goes on over that one before.
@warning_ignore("unused_signal")
signal session_lost
## Emitted when the relay answers again after [signal session_lost]: the same room, code and ids.
@warning_ignore("unused_signal")
signal session_resumed
## Emitted when the relay is about to stop: all sessions end in [param seconds] at most.
@warning_ignore("unused_signal")
signal relay_draining(seconds: float)
## Emitted when the relay drops packets of this peer, which sends more than the relay allows: at
## most [param bytes_per_second] and [param packets_per_second], where a packet to several peers
## counts once for each; [param dropped] since the last such signal. At most every 10 seconds.
@warning_ignore("unused_signal")
signal limited(bytes_per_second: int, packets_per_second: int, dropped: int)
## Emitted when the relay has not heard [param peer_id] for 15 seconds; the peer stays connected,
## and may come back. In a star room, clients are told of the host only.
signal peer_lost(peer_id: int)
## Emitted when the relay hears [param peer_id] again after [signal peer_lost].
signal peer_found(peer_id: int)
## Emitted right after [code]peer_connected[/code] with the way that datagrams to [param peer_id]
## take from here, and whenever that becomes another. The peer's own way may differ.
@warning_ignore("unused_signal")
signal peer_path_changed(peer_id: int, path: Path)

## Where connecting stands.
enum Stage {
	RESOLVING,  ## The relay's name is being looked up.
	REACHING_UDP,  ## The relay was greeted over UDP.
	REACHING_WEBSOCKET,  ## A WebSocket connection is being opened, or the relay was greeted over it.
	AUTHENTICATING,  ## Not used by this version.
	JOINING,  ## The relay answers; the room is being created or joined.
	CONNECTED,  ## The room and its peers are known.
	WAITING,  ## The host has been asked to admit us; comes after JOINING.
	PAUSED,  ## The relay asks to wait for [member retry_after]; then it begins anew, by itself.
}

## How datagrams leave for a peer.
enum Path {
	NONE = -1,  ## There is no such peer.
	RELAY_UDP,  ## Through the relay, to it over UDP.
	RELAY_WEBSOCKET,  ## Through the relay, to it over WebSocket.
	DIRECT,  ## To the peer's own address, over UDP.
}

const _Invite := preload("../core/invite.gd")
const _NetworkConditions := preload("../core/network_conditions.gd")
const _PeerWatch := preload("peer_watch.gd")
const _RelayNotice := preload("relay_notice.gd")
const _RoomCode := preload("../wire/room_code.gd")
const _RoomWish := preload("room_wish.gd")
const _SavedSession := preload("../core/saved_session.gd")
const _Wish := preload("../core/wish.gd")

const _STAGES: Array[Stage] = [
	Stage.RESOLVING,
	Stage.REACHING_UDP,
	Stage.JOINING,
	Stage.WAITING,
	Stage.JOINING,
	Stage.CONNECTED,
	Stage.REACHING_WEBSOCKET,
	Stage.PAUSED,
]  # by core/stages.gd

## The room's code as people see it, for example K7QM-2XPA. Empty until the room has been entered;
## stays after the end, until the next room.
var room_code := ""
## Seconds that the relay asks to wait, in the stage [constant Stage.PAUSED].
var retry_after := 0.0
## Asks about those who want to join, where [member PackhorseRoomOptions.approve] is set.
var doorman := PackhorseDoorman.new()

var _stage := Stage.RESOLVING
var _watch: _PeerWatch = null
var _conditions := _NetworkConditions.new()


func _notification(what: int) -> void:
	# No method of self can be called any more.
	if what != NOTIFICATION_PREDELETE or _client == null:
		return
	_lock.lock()
	_client.close(Time.get_ticks_usec() / 1e6)
	if _turn != null:
		NetworkThread.remove(_turn)
	_lock.unlock()
	if _watch != null:
		_watch.close()


func _poll() -> void:
	_tell_retracted()
	if _watch != null and _watch.report_at < INF:
		_watch.poll(_now())
	if _move():
		_take_news()


func _take_news() -> void:
	var client := _client
	var event := _next_event()
	while event != null:
		_handle(event)
		# Handlers of signals may close this peer or start anew.
		event = _next_event() if client == _client else null


## Creates a room on [param relay] ([code]host[/code] or [code]host:port[/code]; the port is 6969
## unless said; for WebSocket alone [code]ws://host:port[/code] or
## [code]wss://host:port/path[/code]; empty for the project setting
## [code]packhorse/relay/address[/code]) and becomes its host.
##
## Returns at once, with the status [constant MultiplayerPeer.CONNECTION_CONNECTING];
## [constant @GlobalScope.ERR_ALREADY_IN_USE] when this peer is in use;
## [constant @GlobalScope.ERR_INVALID_PARAMETER] and [signal connection_error] when there is no
## [param relay], or what is given cannot be read or cannot be;
## [constant @GlobalScope.ERR_UNAVAILABLE] when a handler of [signal stage_changed] closed this one.
## When the relay limits how often rooms are created or joined, connecting waits as long as the
## relay says, if [member PackhorseRoomOptions.connect_timeout] allows: [constant Stage.PAUSED].
func create_room(relay: String, options: PackhorseRoomOptions = null) -> Error:
	var used := Settings.complete(options)
	var error := _connect(relay, _RoomWish.creating(used), used)
	if error == OK:
		_unique_id = _HOST
	return error


## Joins the room with the code [param code], as people type it, or that of an invite
## ([code]CODE@relay[/code]), whose relay counts where [param relay] is empty. Returns as
## [method create_room].
func join_room(relay: String, code: String, options: PackhorseRoomOptions = null) -> Error:
	var invite := _Invite.parse(code)
	if invite == null:
		return _refuse(PackhorseError.Code.CODE_INVALID)
	var named := relay if relay.strip_edges() else invite.relay
	return _connect(named, _RoomWish.joining(invite.code), Settings.complete(options))


## Changes the room that this peer hosts to what [param options] say of size, lock, approval and
## password; [constant @GlobalScope.ERR_UNAVAILABLE] when it hosts none or still changes it,
## [constant @GlobalScope.ERR_INVALID_PARAMETER] when a room cannot be like that.
func set_room_options(options: PackhorseRoomOptions) -> Error:
	if not _RoomWish.is_possible(options):
		return ERR_INVALID_PARAMETER
	if _status != CONNECTION_CONNECTED:
		return ERR_UNAVAILABLE
	var change := _RoomWish.change(options)
	_lock.lock()
	var error := _client.change_room(change, options.password)
	_lock.unlock()
	return error


## Takes up the session of a crashed game: same room, code, id. Returns as [method create_room].
func resume_room(relay: String, saved: String, options: PackhorseRoomOptions = null) -> Error:
	var wish := _Wish.resuming(_SavedSession.from_text(saved))
	if wish.saved == null:
		return _refuse(PackhorseError.Code.SAVED_INVALID)
	return _connect(relay, wish, Settings.complete(options))


## Returns a secret for [method resume_room], empty without a session; ask again now and then.
func get_saved_session() -> String:
	_lock.lock()
	var saved := _client.session.saved() if _client and _client.session else null
	_lock.unlock()
	return saved.to_text() if saved else ""


## Returns the ids of the other peers that the game knows.
func get_peer_ids() -> Array[int]:
	return _peers.keys()


## Returns the smoothed round-trip time to a peer and back in seconds, or -1 before the first
## measurement, which the first call begins; who is asked for is measured once a second.
##
## Where no network thread runs, up to one frame on each side is part of it.
func get_peer_rtt(peer_id: int) -> float:
	return get_peer_statistics(peer_id).get(&"rtt", -1.0)


## Returns how datagrams leave for a peer now.
func get_peer_path(peer_id: int) -> Path:
	if not _peers.has(peer_id):
		return Path.NONE
	_lock.lock()
	var way := Path.DIRECT if _client.is_direct(peer_id) else (_client.kind() as Path)
	_lock.unlock()
	return way


## Returns numbers about the way to a peer: [code]path[/code] (a [enum Path]),
## [code]rtt[/code] as [method get_peer_rtt],
## [code]jitter[/code] (seconds; how much the round-trip time varies), [code]loss[/code] (0 to 1; of
## what the peer sent in the delivery layer, 256 datagrams late), [code]queued_bytes[/code]
## (reliable, not sent yet), and [code]wire_bytes_sent[/code] and [code]wire_bytes_received[/code]
## (to this peer alone and from it, all headers included, since the first call). Empty for whom is
## not in the room.
func get_peer_statistics(peer_id: int) -> Dictionary[StringName, float]:
	var statistics := _measure(peer_id)
	if statistics:
		statistics[&"path"] = get_peer_path(peer_id)
	return statistics


## Returns numbers about the current session: [code]path[/code] (to the relay, a [enum Path]),
## [code]rtt[/code] and [code]jitter[/code] (seconds, to the relay), [code]datagrams_sent[/code],
## [code]datagrams_received[/code],
## [code]bytes_sent[/code], [code]bytes_received[/code] (without UDP and IP headers),
## [code]wire_bytes_sent[/code], [code]wire_bytes_received[/code] (with them),
## [code]sends_refused[/code] (by the system), [code]packets_waiting[/code] (for the game),
## [code]packets_refused[/code] (because too much waited), [code]queued_bytes[/code] (reliable, not
## sent yet) and, for each reason that occurred, [code]drop_[/code] with its name: datagrams that
## were not acted upon.
func get_statistics() -> Dictionary[StringName, float]:
	return _count()


## Makes the network worse, to see what a game does then: each datagram of this peer, sent or
## received, waits for [param latency] seconds and up to [param jitter] seconds more, and the
## fraction [param loss], 0 to 1, is lost. So one peer's round trips grow by twice the latency.
##
## On every platform, in exported games, too; 0, 0, 0 ends it. It holds from the relay's first
## answer on, and for later rooms of this object. Order may change by the jitter.
func set_network_simulation(latency: float, jitter := 0.0, loss := 0.0) -> void:
	_lock.lock()
	_conditions.latency = maxf(0.0, latency)
	_conditions.jitter = maxf(0.0, jitter)
	_conditions.loss = clampf(loss, 0.0, 1.0)
	if _client != null:
		_client.simulate()
	_lock.unlock()


func _connect(relay: String, wish: _Wish, options: PackhorseRoomOptions) -> Error:
	var text := Settings.relay_or_default(relay)
	if not text:
		return _refuse(PackhorseError.Code.ADDRESS_MISSING)
	var reach := _RoomWish.reach(text, options)
	var fault := _RoomWish.fault(wish, reach, options)
	if fault:
		return _refuse(fault)
	if _status != CONNECTION_DISCONNECTED:
		return ERR_ALREADY_IN_USE
	_reset()
	_status = CONNECTION_CONNECTING
	wish.refuses_strays = true
	_is_star = wish.topology == Constants.Topology.STAR
	room_code = ""
	var client := RelayClient.new(wish, reach, _now() + options.connect_timeout)
	client.conditions = _conditions
	_client = client
	_share()
	doorman.client = client
	doorman.lock = _lock
	_tell_stage(Stage.RESOLVING)
	return OK if _client == client else ERR_UNAVAILABLE


func _refuse(code: PackhorseError.Code) -> Error:
	if _status != CONNECTION_DISCONNECTED:
		return ERR_ALREADY_IN_USE
	_tell_error(PackhorseError.from_code(code))
	return ERR_INVALID_PARAMETER


func _handle(event: Event) -> void:
	match event.type:
		Event.Type.MESSAGE:
			# Early data comes between its peer and JOINED, all in one poll.
			if _peers.has(event.peer) or _status == CONNECTION_CONNECTING:
				_take_packet(event)
			elif event.mode >= Constants.Mode.RELIABLE:
				_note_taken(event.peer, event.data.size())
		Event.Type.PEER_JOINED:
			_announce(event.peer)
		Event.Type.PEER_LEFT:
			_retract(event.peer)
		Event.Type.PEER_LOST, Event.Type.PEER_FOUND:
			_set_present(event.peer, event.type == Event.Type.PEER_FOUND)
		Event.Type.STAGE_CHANGED:
			retry_after = event.seconds
			_tell_stage(_STAGES[event.stage])
		Event.Type.JOINED:
			_enter()
		Event.Type.CLOSED:
			_end(event.error)
		_:
			_RelayNotice.tell(event, self)


func _enter() -> void:
	var code := _open_room()
	if not code:
		return
	room_code = _RoomCode.show(code)
	_watch = _PeerWatch.new(self)
	var client := _client
	if _unique_id == _HOST:
		room_created.emit(room_code)
	_unannounced.sort()
	for peer: int in _unannounced.duplicate():
		if client == _client:
			_announce(peer)
		if client == _client and _is_lost(peer):
			_set_present(peer, false)
	_unannounced.clear()


func _set_present(peer: int, is_present: bool) -> void:
	if _peers.get(peer, is_present) == is_present:
		return
	_lock.lock()
	_peers[peer] = is_present
	_lock.unlock()
	(peer_found if is_present else peer_lost).emit(peer)


func _announce(peer: int) -> void:
	super(peer)
	_RelayNotice.tell_path(peer, self)


func _tell_stage(stage: Stage) -> void:
	if stage == Stage.CONNECTED and _status != CONNECTION_CONNECTED:
		return  # the session has ended since, which comes next
	if stage != _stage or stage == Stage.RESOLVING:
		_stage = stage
		stage_changed.emit(stage)


func _tell_error(error: PackhorseError) -> void:
	if connection_error.get_connections().is_empty():
		push_warning("Packhorse: %s" % error)
	connection_error.emit(error)


func _end(error: PackhorseError) -> void:
	var client := _client
	for peer: int in _peers.keys():
		if client == _client:
			_retract(peer)
	_tell_retracted()
	if client == _client and error != null:
		_tell_error(error)
	if client == _client:
		_close()


func _reset() -> void:
	super()
	if _watch != null:
		_watch.close()
		_watch = null
	doorman.client = null
