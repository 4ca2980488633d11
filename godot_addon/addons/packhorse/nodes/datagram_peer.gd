extends MultiplayerPeerExtension
## Base of [PackhorseMultiplayerPeer]: how Godot sets up what it sends and reads what has come.

const Constants := preload("../wire/constants.gd")
const Event := preload("../core/event.gd")
const Inbox := preload("../core/inbox.gd")
const Mail := preload("../core/mail.gd")
const Outgoing := preload("../net/outgoing.gd")
const RelayClient := preload("../net/relay_client.gd")

var _client: RelayClient = null
var _outgoing := Outgoing.new()
var _inbox := Inbox.new()
var _target := 0
var _mode := TRANSFER_MODE_RELIABLE
var _channel := 0


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
	return _inbox.size()


func _get_packet_peer() -> int:
	var message := _inbox.next()
	return message.peer if message != null else 0


func _get_packet_mode() -> TransferMode:
	var message := _inbox.next()
	if message == null:
		return TRANSFER_MODE_UNRELIABLE
	# Godot has no name for reliable packets without order.
	return mini(message.mode, TRANSFER_MODE_RELIABLE) as TransferMode


func _get_packet_channel() -> int:
	var message := _inbox.next()
	return message.channel if message != null else 0


func _get_packet_script() -> PackedByteArray:
	var message := _inbox.pop()
	if message == null:
		return PackedByteArray()
	_note_taken(message)
	return message.data


## An empty packet would make Godot leave the others of its frame unread.
func _take_packet(event: Event) -> void:
	if event.data.is_empty():
		_client.session.count_drop(Constants.DROP_EMPTY_PAYLOAD)
		_note_taken(event)
	elif not _inbox.push(event):
		_client.session.count_drop(Constants.DROP_BUFFER_FULL)


func _note_taken(event: Event) -> void:
	var mail := _mail()
	if mail != null:
		mail.consume(event)


func _mail() -> Mail:
	return _client.session.mail() if _client != null and _client.session != null else null


func _discard(peer: int) -> void:
	for event in _inbox.discard(peer):
		_note_taken(event)
