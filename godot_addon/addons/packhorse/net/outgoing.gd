extends "../core/unreliable_batch.gd"
## What the game sends: checks it, and hands it to the relay client by the end of the frame.

const RelayClient := preload("relay_client.gd")
const SendQueues := preload("../core/delivery/outgoing.gd")

const _HOST := 1
const _NOBODY := 1 << 32  # no target
const _AT_ONCE := 32  # packets; a usual receive buffer holds two or three times that
const _PART := 16384  # bytes
const _MAX_WAITING := 512  # packets

## Whom a broadcast reaches: all other peers that this one can address.
var others := PackedInt32Array()
## Reliable packets that were refused because too much waits.
var refused := 0
## [method flush] has something to do.
var is_flush_queued := false
## Nothing more comes in this frame.
var is_frame_over := false
## Of many unreliable packets [method flush] sends a part, and is to be called again 2 ms later.
var is_paced := false

var _client: RelayClient = null
var _is_to_host_only := false
var _largest_unreliable := 0  # bytes
var _has_warned := false
var _last_target := _NOBODY  # of the reliable packet before in this frame, if it was small
var _last_lane := 0
var _last_queue: SendQueues = null


## Starts with the session of [param client]; with [param is_to_host_only] every packet goes to
## the host, as clients of a star room must.
func open(client: RelayClient, is_to_host_only: bool) -> void:
	_client = client
	_is_to_host_only = is_to_host_only
	start(client.session.mail())
	_largest_unreliable = _mail.hub.largest_message(Constants.Mode.UNRELIABLE)


## Sends what waits, as far as it may leave at once, and forgets the session.
func close() -> void:
	flush_whole()
	_client = null
	_mail = null
	others.clear()
	refused = 0


## Returns the bytes that a packet of [param mode] may have.
func largest_packet(mode: Constants.Mode) -> int:
	return _mail.hub.largest_message(mode) if _mail != null else Constants.MAX_RELIABLE_MESSAGE


## Sends a packet to [param target] (0 all others, n, -n all others but n), by the end of the frame
## at the latest. When the session has ended, of which the game hears after what it has to read,
## nothing happens.
func put(packet: PackedByteArray, target: int, mode: Constants.Mode, channel: int) -> Error:
	if _mail == null:
		return ERR_UNCONFIGURED
	var size := packet.size()
	var is_sure := size > 0 and size <= _largest_unreliable
	if channel < 0 or channel > Mail.MAX_CHANNEL or not (is_sure or _is_size_right(size, mode)):
		return _refuse(size, mode, channel)
	if _is_to_host_only:
		if target == -_HOST:
			return OK
		target = _HOST
	is_flush_queued = true
	is_frame_over = false
	if mode >= Constants.Mode.RELIABLE:
		return _put_reliable(packet, target, mode, channel)
	put_unreliable(packet, target, mode << 8 | channel)
	return OK


## To be called before anything but [method put] moves the session: that may empty the queue of the
## packet before, or forget it.
func part() -> void:
	_last_target = _NOBODY


## Sends what was put in this frame, as far as it may leave now.
func flush() -> void:
	if is_flush_queued:
		_flush(is_paced)


## As [method flush], at once even if it is much.
func flush_whole() -> void:
	if is_flush_queued:
		_flush(false)


func _flush(in_parts: bool) -> void:
	is_flush_queued = false
	is_frame_over = false
	_last_target = _NOBODY
	if _mail.is_closed:
		return
	var now := Time.get_ticks_usec() / 1e6
	if _packets:
		_client.send(_take(in_parts, now))
	if now >= _mail.hub.wake_at:
		_client.flush(now)


## Takes out the datagrams that leave now; the receiver's system loses what exceeds its buffer.
func _take(in_parts: bool, now: float) -> Array[PackedByteArray]:
	var waiting := _packets.size()
	if waiting <= _AT_ONCE or not in_parts:
		return take_unreliable(others, now)
	var count := maxi(count_within(_PART), waiting - _MAX_WAITING)
	is_flush_queued = count < waiting
	is_frame_over = is_flush_queued
	return take_first(count, others, now)


## Queues a reliable packet; one that goes as the packet before needs fewer looks.
func _put_reliable(packet: PackedByteArray, target: int, mode: int, channel: int) -> Error:
	var lane := mode << 8 | channel
	if target == _last_target and lane == _last_lane and _last_queue.has_room():
		_last_queue.push_again(packet)
		return OK
	var now := Time.get_ticks_usec() / 1e6
	if target <= 0:
		return _counted(_mail.push(packet, target, mode as Constants.Mode, channel, now))
	var queue := _mail.queue_to(target, now)
	if queue == null:  # the peer has left, which the game hears of after what it has to read
		return OK
	if not queue.has_room():
		return _counted(ERR_OUT_OF_MEMORY)
	queue.push_reliable(packet, mode, channel)
	_last_target = target
	_last_lane = lane
	_last_queue = queue
	return OK


func _counted(error: Error) -> Error:
	if error != OK:
		refused += 1
	return error


func _is_size_right(size: int, mode: Constants.Mode) -> bool:
	return size > 0 and size <= largest_packet(mode)


## Says once why a packet cannot be sent; the game may send it every frame.
func _refuse(size: int, mode: Constants.Mode, channel: int) -> Error:
	if not _has_warned:
		_has_warned = true
		var words := (
			"Packhorse: refused a packet of %d bytes on channel %d; "
			+ "it may have 1 to %d bytes, on channels 0 to %d"
		)
		push_error(words % [size, channel, largest_packet(mode), Mail.MAX_CHANNEL])
	return ERR_INVALID_PARAMETER
