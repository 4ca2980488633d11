extends RefCounted
## What the delivery layer has measured, as the game reads it.

const PeerDelivery := preload("delivery/peer_delivery.gd")


## Returns the numbers about one peer.
static func of_peer(delivery: PeerDelivery) -> Dictionary[StringName, float]:
	return {
		&"rtt": delivery.rtt.smoothed,
		&"jitter": delivery.rtt.variation,
		&"loss": delivery.loss(),
		&"queued_bytes": delivery.queued_bytes(),
	}
