extends RefCounted
## What the game sends: checks it, merges broadcasts, joins small packets of a frame, and hands it
## to the relay client.

const Constants := preload("../wire/constants.gd")
const Fanout := preload("../core/fanout.gd")
const Frames := preload("../wire/frames.gd")
const Mail := preload("../core/mail.gd")
const PlainPackets := preload("../core/plain_packets.gd")
const RelayClient := preload("relay_client.gd")
const SendQueues := preload("../core/delivery/outgoing.gd")

const _HOST := 1
const _NOBODY := 1 << 32  # no target

## Whom a broadcast reaches: all other peers that this one can address.
var others: Array[int] = []
## Reliable packets that were refused because too much waits.
var refused := 0
## [method flush] has something to do.
var is_flush_queued := false

var _client: RelayClient = null
var _is_to_host_only := false
var _fanout := Fanout.new()
var _plain: PlainPackets = null
var _largest_plain := 0  # bytes
var _largest_joined := 0  # bytes of a packet that can be joined to others
var _largest_unreliable := 0  # bytes
var _has_warned := false
var _last_target := _NOBODY  # of the packet before in this frame; one like it needs fewer looks
var _last_mode := Constants.Mode.UNRELIABLE
var _last_channel := 0
var _last_queue: SendQueues = null  # of a reliable one


## Starts with the session of [param client]; with [param is_to_host_only] every packet goes to
## the host, as clients of a star room must.
func open(client: RelayClient, is_to_host_only: bool) -> void:
	_client = client
	_is_to_host_only = is_to_host_only
	_largest_plain = client.session.max_payload()
	var mail := client.session.mail()
	_largest_unreliable = mail.largest_message(Constants.Mode.UNRELIABLE)
	_plain = PlainPackets.new(mail.largest_piece)
	_plain.sequences_of = _sequences
	_largest_joined = mail.largest_piece - Frames.WHOLE_SIZE


## Sends what waits, as far as it may leave at once, and forgets the session.
func close() -> void:
	flush()
	_client = null
	others.clear()
	_fanout.clear()
	refused = 0


## Returns the bytes that a packet of [param mode] may have.
func largest_packet(mode: Constants.Mode) -> int:
	var mail := _mail()
	return mail.largest_message(mode) if mail != null else Constants.MAX_RELIABLE_MESSAGE


## Sends a packet to [param target] (0 all others, n, -n all others but n), by the end of the frame
## at the latest.
func put(packet: PackedByteArray, target: int, mode: Constants.Mode, channel: int) -> Error:
	var is_like_last := target == _last_target and mode == _last_mode and channel == _last_channel
	if is_like_last and _put_again(packet):
		return OK
	if mode < Constants.Mode.RELIABLE and others.size() > 1:
		if _fanout.repeat(packet, target, mode, channel, others):
			if _fanout.payloads:
				_send_ready(_mail())
			return OK
	var mail := _mail()
	if mail == null:  # the session has ended, which the game hears of after what it has to read
		return OK if _client != null else ERR_UNCONFIGURED
	var size := packet.size()
	var is_sure := size > 0 and size <= _largest_unreliable
	if channel < 0 or channel > Mail.MAX_CHANNEL or not (is_sure or _is_size_right(size, mode)):
		return ERR_INVALID_PARAMETER
	if not is_flush_queued:
		is_flush_queued = true
		flush.call_deferred()
	return _put_new(packet, target, mode, channel, mail)


## Takes a packet that has been checked.
func _put_new(
	packet: PackedByteArray, target: int, mode: Constants.Mode, channel: int, mail: Mail
) -> Error:
	if _is_to_host_only:
		return _send(packet, _HOST, mode, channel, mail) if target != -_HOST else OK
	if mode >= Constants.Mode.RELIABLE or others.size() <= 1 and not _fanout.is_waiting():
		var error := _send(packet, target, mode, channel, mail)
		if error == OK:
			_remember(target, mode, channel, mail)
		return error
	_fanout.put(packet, target, mode, channel, others)
	if _fanout.payloads:
		_send_ready(mail)
	return OK


## Sends what waits for more targets of the same bytes, and what was queued in this frame.
func flush() -> void:
	if not is_flush_queued:
		return
	is_flush_queued = false
	_last_target = _NOBODY
	if _fanout.is_waiting():
		_fanout.flush(others)
	var mail := _mail()
	if _fanout.payloads:
		_send_ready(mail)
	if mail == null:
		return
	var now := Time.get_ticks_usec() / 1e6
	if not _plain.is_empty():
		_send_plain(mail, now)
	if not mail.is_quiet(now):
		_client.flush(now)


func _mail() -> Mail:
	if _client == null or _client.session == null:
		return null
	return _client.session.mail()


func _send_ready(mail: Mail) -> void:
	for index in _fanout.payloads.size():
		if mail == null:
			break
		var payload := _fanout.payloads[index]
		var mode := _fanout.modes[index]
		_send(payload, _fanout.destinations[index], mode, _fanout.channels[index], mail)
	_fanout.clear_ready()


func _send_plain(mail: Mail, now: float) -> void:
	_plain.flush()
	for index in _plain.payloads.size():
		var destination := _plain.destinations[index]
		var lane := _plain.lanes[index]
		if lane:
			mail.push(_plain.payloads[index], destination, lane >> 8, lane & 0xFF, now)
		elif _plain.singles[index]:
			_client.send(_plain.payloads[index], destination, now)
		else:
			var datagram := mail.push_frames(_plain.payloads[index], destination, now)
			if datagram:
				_client.send_datagram(datagram)
	_plain.clear_ready()


func _send(
	packet: PackedByteArray, destination: int, mode: Constants.Mode, channel: int, mail: Mail
) -> Error:
	if mode == Constants.Mode.UNRELIABLE and channel == 0 and packet.size() <= _largest_plain:
		_plain.put(packet, destination)
		return OK
	var is_unreliable := mode < Constants.Mode.RELIABLE
	if is_unreliable and packet.size() <= _largest_joined:
		_plain.put(packet, destination, mode << 8 | channel)
		return OK
	var now := Time.get_ticks_usec() / 1e6
	if is_unreliable:
		_send_plain(mail, now)  # it must not overtake what came before it in its lane
	var error := mail.push(packet, destination, mode, channel, now)
	if error == ERR_OUT_OF_MEMORY:
		refused += 1
	return error


## Takes a packet that goes as the one before; false, and nothing has happened, when it has to be
## looked at as any other.
func _put_again(packet: PackedByteArray) -> bool:
	if packet.is_empty() or packet.size() > _largest_joined:
		return false
	if _last_mode < Constants.Mode.RELIABLE:
		return _plain.put_again(packet, _last_mode << 8 | _last_channel)
	if not _last_queue.has_room():
		return false
	_last_queue.push_again(packet)
	return true


## Remembers how a packet goes, if more like it can go as well.
func _remember(target: int, mode: Constants.Mode, channel: int, mail: Mail) -> void:
	var is_reliable := mode >= Constants.Mode.RELIABLE
	var delivery := mail.hub.peer_delivery(target) if is_reliable else null
	_last_queue = delivery.outgoing if delivery != null else null
	_last_target = target if not is_reliable or delivery != null else _NOBODY
	_last_mode = mode
	_last_channel = channel


func _sequences(destination: int) -> Dictionary[int, int]:
	return _mail().sequences(destination, Time.get_ticks_usec() / 1e6)


func _is_size_right(size: int, mode: Constants.Mode) -> bool:
	if size > 0 and size <= largest_packet(mode):
		return true
	if not _has_warned:
		_has_warned = true
		var words := "Packhorse: refused a packet of %d bytes; it may have 1 to %d"
		push_error(words % [size, largest_packet(mode)])
	return false
