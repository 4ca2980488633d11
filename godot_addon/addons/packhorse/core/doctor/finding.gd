extends RefCounted
## What one stage of the examination of a relay has shown.

## The stages, in the order in which they are shown.
enum Stage {
	RESOLVE,  ## The relay's name has an address.
	UDP,  ## The relay answers by UDP.
	WEBSOCKET,  ## The relay answers by WebSocket.
	VERSION,  ## The relay speaks the version of this addon.
	RTT,  ## How long the way there and back takes, and what gets lost on it.
	SIZE,  ## The largest datagram that arrives.
}
enum Result { PASSED, WARNING, FAILED, SKIPPED }

const Self := preload("finding.gd")
const TITLES: Dictionary[Stage, String] = {
	Stage.RESOLVE: "Name",
	Stage.UDP: "UDP",
	Stage.WEBSOCKET: "WebSocket",
	Stage.VERSION: "Version",
	Stage.RTT: "Round trip",
	Stage.SIZE: "Largest datagram",
}

var stage: Stage
var result: Result
var words := ""  ## What was found.
var advice := ""  ## What can be done about it; empty where nothing has to be.
var seconds := -1.0  ## How long the stage took; below 0 where that says nothing.


## Returns the finding of a stage.
static func of(
	about: Stage, outcome: Result, found: String, what_to_do := "", duration := -1.0
) -> Self:
	var finding := Self.new()
	finding.stage = about
	finding.result = outcome
	finding.words = found
	finding.advice = what_to_do
	finding.seconds = duration
	return finding
