extends MultiplayerPeerExtension
## Base of [PackhorseMultiplayerPeer]: how Godot sets up what it sends and reads what has come.

const Constants := preload("../wire/constants.gd")
const Event := preload("../core/event.gd")
const Inbox := preload("../core/inbox.gd")
const Mail := preload("../core/mail.gd")
const Outgoing := preload("../net/outgoing.gd")
const RelayClient := preload("../net/relay_client.gd")

const _TELL_AFTER := 64  # reliable packets that the game has read; telling of each would cost much
const _TELL_BYTES := 1 << 16

var _client: RelayClient = null
var _outgoing := Outgoing.new()
var _inbox := Inbox.new()
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


## Takes in a packet that came in the middle of news.
func _take_packet(event: Event) -> void:
	_inbox.drops = _client.session.drops
	_inbox.source = event.peer
	_inbox.add(event.data, event.mode << 8 | event.channel)
	if event.data.is_empty() and event.mode >= Constants.Mode.RELIABLE:
		_note_taken(event.peer, 0)


## Notes that the game has taken or thrown away a reliable packet, or several.
func _note_taken(peer: int, size: int, packets := 1) -> void:
	var mail := _mail()
	if mail != null:
		mail.consume(peer, size, packets)


func _tell_taken() -> void:
	if _taken:
		_note_taken(_taken_from, _taken_bytes, _taken)
	_taken = 0
	_taken_bytes = 0


func _mail() -> Mail:
	return _client.session.mail() if _client != null and _client.session != null else null


func _discard(peer: int) -> void:
	for size in _inbox.discard(peer):
		_note_taken(peer, size)
