extends RefCounted
## What the game sends: checks it, merges broadcasts, and hands it to the relay client.

const Fanout := preload("../core/fanout.gd")
const RelayClient := preload("relay_client.gd")

const _HOST := 1

## Whom a broadcast reaches: all other peers that this one can address.
var others: Array[int] = []

var _client: RelayClient = null
var _is_to_host_only := false
var _fanout := Fanout.new()
var _is_flush_queued := false
var _has_warned := false


## Starts with the session of [param client]; with [param is_to_host_only] every packet goes to
## the host, as clients of a star room must.
func open(client: RelayClient, is_to_host_only: bool) -> void:
	_client = client
	_is_to_host_only = is_to_host_only


## Forgets the session and what waits.
func close() -> void:
	_client = null
	others.clear()
	_fanout.clear()


## Sends a packet to [param target] (0 all others, n, -n all others but n), by the end of the frame
## at the latest.
func put(packet: PackedByteArray, target: int) -> Error:
	if _client == null:
		return ERR_UNCONFIGURED
	if packet.is_empty() or packet.size() > _client.session.max_payload():
		_warn_of_size(packet.size())
		return ERR_INVALID_PARAMETER
	if _is_to_host_only:
		if target != -_HOST:
			_client.send(packet, _HOST)
		return OK
	_fanout.put(packet, target, others)
	_send_ready()
	if _fanout.is_waiting() and not _is_flush_queued:
		_is_flush_queued = true
		flush.call_deferred()
	return OK


## Sends what waits for more targets of the same bytes.
func flush() -> void:
	_is_flush_queued = false
	_fanout.flush(others)
	_send_ready()


func _send_ready() -> void:
	for index in _fanout.payloads.size():
		_client.send(_fanout.payloads[index], _fanout.destinations[index])
	_fanout.payloads.clear()
	_fanout.destinations.clear()


func _warn_of_size(size: int) -> void:
	if not _has_warned:
		_has_warned = true
		var limit := _client.session.max_payload()
		push_error("Packhorse: refused a packet of %d bytes; it may have 1 to %d" % [size, limit])
