extends RefCounted
## What the delivery layer has measured, as the game reads it.

const PeerDelivery := preload("delivery/peer_delivery.gd")
const Traffic := preload("monitoring/traffic.gd")


## Returns the numbers about one peer; each datagram costs [param overhead] bytes more than its own.
static func of_peer(
	delivery: PeerDelivery, traffic: Traffic, overhead: int
) -> Dictionary[StringName, float]:
	return {
		&"rtt": delivery.flight.rtt.smoothed,
		&"jitter": delivery.flight.rtt.variation,
		&"loss": delivery.loss(),
		&"queued_bytes": delivery.outgoing.queued_bytes,
		&"wire_bytes_sent": traffic.bytes_sent + traffic.datagrams_sent * overhead,
		&"wire_bytes_received": traffic.bytes_received + traffic.datagrams_received * overhead,
	}
