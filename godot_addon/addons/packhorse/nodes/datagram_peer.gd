extends MultiplayerPeerExtension
## Base of [PackhorseMultiplayerPeer]: how Godot sets up what it sends and reads what has come.

const Constants := preload("../wire/constants.gd")
const Event := preload("../core/event.gd")
const Inbox := preload("../core/inbox.gd")
const Mail := preload("../core/mail.gd")
const NetworkThread := preload("../net/network_thread.gd")
const Outgoing := preload("../net/outgoing.gd")
const RelayClient := preload("../net/relay_client.gd")
const Settings := preload("settings.gd")
const Turn := preload("../net/turn.gd")

const _TELL_AFTER := 64  # reliable packets that the game has read; telling of each would cost much
const _TELL_BYTES := 1 << 16

# Held by whoever uses _client, _outgoing or _arrived, or changes _peers: the game in its frames,
# the network thread between them. Never while the game is told something: it may take its time.
var _lock := Mutex.new()
var _client: RelayClient = null
var _outgoing := Outgoing.new()
var _inbox := Inbox.new()  # what the game reads in this frame
var _arrived := Inbox.new()  # what it will read in the next; the same one without a thread
var _has_entered := false  # the room, in this poll
var _turn: Turn = null  # of the network thread, if there is one
var _target := 0
var _mode := TRANSFER_MODE_RELIABLE
var _channel := 0
var _taken := 0  # reliable packets of _taken_from that the game has read, not told of yet
var _taken_bytes := 0
var _taken_from := 0


func _set_target_peer(peer: int) -> void:
	_target = peer


func _set_transfer_mode(mode: TransferMode) -> void:
	_mode = mode


func _get_transfer_mode() -> TransferMode:
	return _mode


func _set_transfer_channel(channel: int) -> void:
	_channel = channel


func _get_transfer_channel() -> int:
	return _channel


func _get_max_packet_size() -> int:
	return _outgoing.largest_packet(_mode as Constants.Mode)


func _get_available_packet_count() -> int:
	return _inbox.waiting


func _get_packet_peer() -> int:
	return _inbox.next_peer


func _get_packet_mode() -> TransferMode:
	# Godot has no name for reliable packets without order.
	return mini(_inbox.next_mode, TRANSFER_MODE_RELIABLE) as TransferMode


func _get_packet_channel() -> int:
	return _inbox.next_channel


func _get_packet_script() -> PackedByteArray:
	if _inbox.next_mode < Constants.Mode.RELIABLE:
		return _inbox.pop()
	if _inbox.next_peer != _taken_from:
		_tell_taken()
		_taken_from = _inbox.next_peer
	var packet := _inbox.pop()
	_taken_bytes += packet.size()
	_taken += 1
	return packet


## Sends what was put and takes what has come; false when [method _next_event] has nothing.
func _move() -> bool:
	_lock.lock()
	_has_entered = false
	if _outgoing.is_flush_queued:
		_outgoing.flush()
	if _taken >= _TELL_AFTER or _taken_bytes >= _TELL_BYTES:
		_tell_taken()
	var now := Time.get_ticks_usec() / 1e6
	var has_news := _client != null and _client.move(now)
	if _turn != null:
		_turn.polled_at = now
		_take_arrived()
	_lock.unlock()
	return has_news


## Returns what the game is told of next, after it has got what came before that. A session that
## was entered in this poll ends in the next: between the two, Godot sees that there was one.
func _next_event() -> Event:
	_lock.lock()
	if _turn != null:
		_take_arrived()
		if _client.session != null and _client.session.upcoming != null:
			_outgoing.flush_whole()  # what was sent before is not meant for a peer that comes now
	var event := _client.next_event(_has_entered or _inbox.waiting > 0)
	_lock.unlock()
	return event


## Takes in a packet that came in the middle of news.
func _take_packet(event: Event) -> void:
	_lock.lock()
	_inbox.drops = _client.session.drops
	_inbox.source = event.peer
	_inbox.add(event.data, event.mode << 8 | event.channel)
	if event.data.is_empty() and event.mode >= Constants.Mode.RELIABLE:
		_note_taken(event.peer, 0)
	_lock.unlock()


## Notes that the game has taken or thrown away a reliable packet, or several.
func _note_taken(peer: int, size: int, packets := 1) -> void:
	_lock.lock()
	var mail := _mail()
	if mail != null:
		mail.consume(peer, size, packets)
	_lock.unlock()


func _tell_taken() -> void:
	if _taken:
		_note_taken(_taken_from, _taken_bytes, _taken)
	_taken = 0
	_taken_bytes = 0


func _mail() -> Mail:
	return _client.session.mail() if _client != null and _client.session != null else null


func _discard(peer: int) -> void:
	for inbox: Inbox in [_inbox, _arrived]:
		for size in inbox.discard(peer):
			_note_taken(peer, size)


## Lets the game read what the network thread has received.
func _take_arrived() -> void:
	if _arrived.waiting:
		_inbox.drops = _arrived.drops
		_inbox.append(_arrived.data, _arrived.lanes)
		_arrived.clear()


## Lets the network thread move [member _client] between the frames, where there can be one.
func _share() -> void:
	var turn := Turn.new(_lock, _client, _outgoing)
	turn.polled_at = Time.get_ticks_usec() / 1e6
	if Settings.value(Settings.NETWORK_THREAD) and NetworkThread.add(turn):
		_turn = turn
	_arrived = Inbox.new() if _turn != null else _inbox


## Has all to itself again; to be called under the lock.
func _stop_sharing() -> void:
	if _turn != null:
		NetworkThread.remove(_turn)
		_turn = null


## Sends what this frame was to send, or lets the network thread do that.
func _end_frame() -> void:
	_lock.lock()
	if _turn != null:
		_outgoing.is_frame_over = _outgoing.is_flush_queued
	else:
		_outgoing.flush()
	_lock.unlock()
