"""The delivery layer, end to end between two peers: order, repetition, pieces, pace."""
