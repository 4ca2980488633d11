extends RefCounted
## What the relay lets this member send: once it has said so, reliable frames keep to it.
##
## Spaces the FRAME datagrams to all peers together. Source: protocol_spec/SPEC.md section 16.13.

const Constants := preload("../../wire/constants.gd")

const _SHARE := 0.95  # of what is allowed; the rest is for DATA, which is not counted here
const _LATE := 0.025  # seconds' worth that may leave at once: games poll once a frame

var next_at := 0.0  ## When the next reliable frame may leave, clock seconds.

var _octet_time := 0.0  # seconds that a byte takes
var _datagram_time := 0.0


## Takes in what the relay allows, headers included, per second; 0 is taken as 1.
func limit(octets: int, datagrams: int) -> void:
	_octet_time = 1 / (maxi(1, octets) * _SHARE)
	_datagram_time = 1 / (maxi(1, datagrams) * _SHARE)


## Notes that a FRAME datagram with [param size] bytes behind the header leaves.
func count(size: int, now: float) -> void:
	var time := maxf((Constants.HEADER_SIZE + size) * _octet_time, _datagram_time)
	if time:
		next_at = maxf(next_at, now - _LATE) + time
