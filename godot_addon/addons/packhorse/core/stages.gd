extends RefCounted
## Where joining stands.

enum Stage { RESOLVING, REACHING, JOINING, READING_ROSTER, CONNECTED }

## Each stage in words that complete "failed while ...".
const WORDS: Dictionary[int, String] = {
	Stage.RESOLVING: "resolving the relay's name",
	Stage.REACHING: "reaching the relay",
	Stage.JOINING: "joining the room",
	Stage.READING_ROSTER: "reading the roster",
	Stage.CONNECTED: "connected",
}
