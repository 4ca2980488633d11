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

const Session := preload("../core/session.gd")

## Datagrams that one poll handles at most; further ones wait for the next.
const MAX_DATAGRAMS_PER_POLL := 512

## What [method deliver] hands datagrams to.
var session: Session = null
## The relay's address, as [member source] writes it.
var relay: String
## Bytes that the network adds to each datagram, about.
var overhead := 0
## Where the last received datagram came from.
var source := ""
var state := State.OPENING
## Why it failed.
var error: PackhorseError = null
## Datagrams that gave way to newer ones, because the path takes less than was sent.
var dropped := 0
var datagrams_sent := 0
var datagrams_received := 0
var bytes_sent := 0  ## Headers of Packhorse included, those of UDP and IP not.
var bytes_received := 0  ## As [member bytes_sent].
var sends_refused := 0  ## Datagrams that the operating system did not take.


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


## Hands the datagrams that have come to [member session]; false when the link itself has to be
## looked after, too.
func deliver(now: float) -> bool:
	poll(now)
	for _index in mini(pending(), MAX_DATAGRAMS_PER_POLL):
		var datagram := receive()
		count_received(datagram)
		session.receive_datagram(datagram, source, now)
	return false


## Counts a datagram that [method receive] has returned.
func count_received(datagram: PackedByteArray) -> void:
	datagrams_received += 1
	bytes_received += datagram.size()


## Tells, once, that it was lost and is back: the relay sees another address now.
func take_reopened() -> bool:
	return false


## Closes it; harmless when closed.
func close() -> void:
	state = State.CLOSED


## Counts a datagram that was to be sent; returns whether it was.
func _count_sent(datagram: PackedByteArray, is_taken: bool) -> bool:
	if is_taken:
		datagrams_sent += 1
		bytes_sent += datagram.size()
	else:
		sends_refused += 1
	return is_taken
