extends RefCounted
## What the command line after [code]--[/code] asks of the demo.

const Self := preload("launch_options.gd")

const USAGE := """Parcel Rush, the demo of Packhorse:
  godot --path godot_addon -- [--host | --join CODE] [--relay HOST:PORT] [--name NAME]
      [--goal N] [--bot] [--seconds N] [--rejoin-after N] [--delay N] [--session FILE]
      [--enet] [--port N]
Without --host and --join a lobby asks. With --enet there is no relay: --host listens on --port,
and --join takes the host's address instead of a code. --delay simulates a bad network: so many
seconds each way, and 5 % loss. With --session, a game that was killed takes its session up again
when it is started with the same line: same code, same player."""

const _DEFAULT_PORT := 7777

var is_host := false
var join_text := ""  ## Code or invite; with ENet the address of the host.
var relay := ""
var session_file := ""  ## Where the session is kept; empty for nowhere.
var player_name := ""
var goal := 30  ## Parcels that win a round.
var is_bot := false
var seconds := 0.0  ## After which the game quits; 0 is never.
var rejoin_after := 0.0  ## Seconds after which a bot leaves and comes back; 0 is never.
var delay := 0.0  ## Seconds each way of a simulated bad network; 0 is none.
var uses_enet := false
var port := _DEFAULT_PORT
var problem := ""  ## Why the command line cannot be read; empty when it can.


## Returns what [param arguments] mean.
static func parse(arguments: PackedStringArray) -> Self:
	var options := Self.new()
	var index := 0
	while index < arguments.size() and not options.problem:
		var is_flag := options._take_flag(arguments[index])
		var value := arguments[index + 1] if index + 1 < arguments.size() else ""
		if not is_flag and not options._take_value(arguments[index], value):
			options.problem = "what is %s %s?" % [arguments[index], value]
		index += 1 if is_flag else 2
	if options.is_host and options.join_text:
		options.problem = "--host or --join, not both"
	return options


func _take_flag(argument: String) -> bool:
	match argument:
		"--host":
			is_host = true
		"--bot":
			is_bot = true
		"--enet":
			uses_enet = true
		_:
			return false
	return true


func _take_value(argument: String, value: String) -> bool:
	match argument:
		"--join":
			join_text = value
		"--relay":
			relay = value
		"--name":
			player_name = value
		"--session":
			session_file = value
		_:
			return _take_number(argument, value)
	return not value.is_empty()


func _take_number(argument: String, value: String) -> bool:
	match argument:
		"--goal":
			goal = value.to_int()
		"--port":
			port = value.to_int()
		"--seconds":
			seconds = value.to_float()
		"--rejoin-after":
			rejoin_after = value.to_float()
		"--delay":
			delay = value.to_float()
		_:
			return false
	return value.is_valid_float() and value.to_float() > 0.0
