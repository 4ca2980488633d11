extends RefCounted
## Where joining stands.

enum Stage {
	RESOLVING,
	REACHING,
	JOINING,
	WAITING,
	READING_ROSTER,
	CONNECTED,
	REACHING_WEBSOCKET,
	PAUSED,
}

## Each stage in words that complete "failed while ...".
const WORDS: Dictionary[int, String] = {
	Stage.RESOLVING: "resolving the relay's name",
	Stage.REACHING: "reaching the relay",
	Stage.JOINING: "joining the room",
	Stage.WAITING: "waiting for the host to admit us",
	Stage.READING_ROSTER: "reading the roster",
	Stage.CONNECTED: "connected",
	Stage.REACHING_WEBSOCKET: "reaching the relay over WebSocket",
	Stage.PAUSED: "waiting as long as the relay says",
}
