extends RefCounted
## The project settings of Packhorse: one table for the editor, the game and the README.

const RELAY_ADDRESS := "packhorse/relay/address"
const RELAY_TICKET := "packhorse/relay/ticket"
const RELAY_ACCESS_KEY := "packhorse/relay/access_key"
const TRANSPORT := "packhorse/connection/transport"
const RELAY_ONLY := "packhorse/connection/relay_only"
const CONNECT_TIMEOUT := "packhorse/connection/connect_timeout"
const NETWORK_THREAD := "packhorse/connection/network_thread"
const ROOM_TOPOLOGY := "packhorse/room/topology"
const ROOM_MAX_PEERS := "packhorse/room/max_peers"

## Each setting: its [code]path[/code], the [code]initial[/code] value, with which it is not saved,
## the editor's [code]hint[/code] and [code]hint_string[/code], and in [code]doc[/code] its meaning.
const TABLE: Array[Dictionary] = [
	{
		"path": RELAY_ADDRESS,
		"initial": "",
		"hint": PROPERTY_HINT_PLACEHOLDER_TEXT,
		"hint_string": "host:port",
		"doc": "The relay, as host, host:port or wss://host:port/path, where a call names none.",
	},
	{
		"path": RELAY_TICKET,
		"initial": "",
		"hint": PROPERTY_HINT_PASSWORD,
		"hint_string": "",
		"doc": "Ticket, where options have none. Whoever has the game can read it.",
	},
	{
		"path": RELAY_ACCESS_KEY,
		"initial": "",
		"hint": PROPERTY_HINT_PASSWORD,
		"hint_string": "",
		"doc": "Access key, where options have none. Whoever has the game can read it.",
	},
	{
		"path": TRANSPORT,
		"initial": 0,
		"hint": PROPERTY_HINT_ENUM,
		"hint_string": "Automatic,UDP,WebSocket",
		"doc": "What carries the datagrams, for calls without options.",
	},
	{
		"path": RELAY_ONLY,
		"initial": false,
		"hint": PROPERTY_HINT_NONE,
		"hint_string": "",
		"doc": "Look for no direct paths to peers, for calls without options.",
	},
	{
		"path": CONNECT_TIMEOUT,
		"initial": 15.0,
		"hint": PROPERTY_HINT_RANGE,
		"hint_string": "1,120,0.5,suffix:s",
		"doc": "Seconds until connecting is given up, for calls without options.",
	},
	{
		"path": NETWORK_THREAD,
		"initial": true,
		"hint": PROPERTY_HINT_NONE,
		"hint_string": "",
		"doc": "Send and receive between the game's frames, too, on a thread; not in a browser.",
	},
	{
		"path": ROOM_TOPOLOGY,
		"initial": 0,
		"hint": PROPERTY_HINT_ENUM,
		"hint_string": "Mesh,Star",
		"doc": "Topology of new rooms, for calls without options.",
	},
	{
		"path": ROOM_MAX_PEERS,
		"initial": 0,
		"hint": PROPERTY_HINT_RANGE,
		"hint_string": "0,1024",
		"doc":
		"Largest number of peers in new rooms, 0 for the relay's own, for calls without options.",
	},
]


## Returns the value of the setting [param path] for this platform; the initial one where a project
## has none or one of another type.
static func value(path: String) -> Variant:
	var initial: Variant = _initial(path)
	if not ProjectSettings.has_setting(path):
		if Engine.is_editor_hint():
			return initial  # else the editor would save it
		ProjectSettings.set_setting(path, initial)  # else one for a platform is not found
	var found: Variant = ProjectSettings.get_setting_with_override(path)
	return found if typeof(found) == typeof(initial) else initial


## Returns [param relay], or the setting when that is empty; both may be.
static func relay_or_default(relay: String) -> String:
	return relay.strip_edges() if relay.strip_edges() else str(value(RELAY_ADDRESS)).strip_edges()


## Returns [param options] with ticket and access key of the project where they have none; options
## made of the project's settings where that is null.
static func complete(options: PackhorseRoomOptions) -> PackhorseRoomOptions:
	var used := _copy(options) if options != null else _options()
	if not used.ticket:
		used.ticket = str(value(RELAY_TICKET))
	if not used.access_key:
		used.access_key = str(value(RELAY_ACCESS_KEY))
	return used


## Returns a copy with all that a Resource does not save, too.
static func _copy(options: PackhorseRoomOptions) -> PackhorseRoomOptions:
	var copy := PackhorseRoomOptions.new()
	for property in options.get_property_list():
		var usage: int = property["usage"]
		if usage & PROPERTY_USAGE_SCRIPT_VARIABLE:
			var variable: StringName = property["name"]
			copy.set(variable, options.get(variable))
	return copy


static func _options() -> PackhorseRoomOptions:
	var options := PackhorseRoomOptions.new()
	var timeout: float = value(CONNECT_TIMEOUT)
	var transport: int = value(TRANSPORT)
	var topology: int = value(ROOM_TOPOLOGY)
	var max_peers: int = value(ROOM_MAX_PEERS)
	var relay_only: bool = value(RELAY_ONLY)
	options.connect_timeout = timeout
	options.transport = transport as PackhorseRoomOptions.Transport
	options.topology = topology as PackhorseRoomOptions.Topology
	options.max_peers = max_peers
	options.relay_only = relay_only
	return options


static func _initial(path: String) -> Variant:
	for setting in TABLE:
		if setting["path"] == path:
			return setting["initial"]
	return null
