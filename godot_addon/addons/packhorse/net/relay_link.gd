extends RefCounted
## What carries datagrams between this side and one relay; the base of [code]udp_link.gd[/code] and
## [code]websocket_link.gd[/code].

enum State {
	OPENING,  ## Nothing can be sent yet.
	OPEN,  ## Datagrams come and go.
	LOST,  ## It was open and will be again, perhaps.
	FAILED,  ## It cannot be had; [member error] says why.
	CLOSED,  ## This side has closed it.
}

enum Kind { UDP, WEBSOCKET }

## The relay's address, as [member source] writes it.
var relay: String
## Bytes that the network adds to each datagram, about.
var overhead := 0
## There is nothing to do but to send and to receive.
var is_passive := false
## Where the last received datagram came from.
var source := ""
var state := State.OPENING
## Why it failed.
var error: PackhorseError = null
## Datagrams that gave way to newer ones, because the path takes less than was sent.
var dropped := 0


## Returns what it is.
func kind() -> Kind:
	return Kind.UDP


## Begins to open it; [constant @GlobalScope.FAILED] or another error when that cannot be.
func open(_now: float) -> Error:
	return ERR_UNAVAILABLE


## Does what is due; call it before [method pending].
func poll(_now: float) -> void:
	pass


## Sends one datagram; false when it cannot be sent now, which is no reason to give up.
func send(_datagram: PackedByteArray) -> bool:
	return false


## Sends one datagram to another address than the relay's; false when it cannot be sent now.
func send_to(_datagram: PackedByteArray, _address: String) -> bool:
	return false


## Returns the UDP port to which others than the relay may send, too; 0 where there is none.
func peer_port() -> int:
	return 0


## Returns how many datagrams can be received now.
func pending() -> int:
	return 0


## Returns one of the pending datagrams; sets [member source].
func receive() -> PackedByteArray:
	return PackedByteArray()


## Tells, once, that it was lost and is back: the relay sees another address now.
func take_reopened() -> bool:
	return false


## Closes it; harmless when closed.
func close() -> void:
	state = State.CLOSED
