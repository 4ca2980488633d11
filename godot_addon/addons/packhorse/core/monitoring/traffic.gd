extends RefCounted
## What went to one peer alone and what came from it, in datagrams of DATA and FRAME.

var datagrams_sent := 0
var datagrams_received := 0
var bytes_sent := 0  ## Headers of Packhorse included, those below not.
var bytes_received := 0  ## As [member bytes_sent].


## Counts a datagram to the peer.
func count_sent(size: int) -> void:
	datagrams_sent += 1
	bytes_sent += size


## Counts a datagram of the peer.
func count_received(size: int) -> void:
	datagrams_received += 1
	bytes_received += size
