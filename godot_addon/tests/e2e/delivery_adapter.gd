extends SceneTree
## The addon's delivery layer as protocol_spec/runner wants it: a line of JSON in, one out.
##
## [codeblock]
## godot --headless --no-header --path godot_addon -s res://tests/e2e/delivery_adapter.gd
## [/codeblock]
## Ends when its standard input does.

const Allowance := preload("res://addons/packhorse/core/delivery/allowance.gd")
const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Delivered := preload("res://addons/packhorse/core/delivery/delivered.gd")
const FanoutReceiver := preload("res://addons/packhorse/core/delivery/fanout_receiver.gd")
const FanoutSender := preload("res://addons/packhorse/core/delivery/fanout_sender.gd")
const FrameDecoder := preload("res://addons/packhorse/wire/frame_decoder.gd")
const Frames := preload("res://addons/packhorse/wire/frames.gd")
const MemoryBudget := preload("res://addons/packhorse/core/delivery/memory_budget.gd")
const PeerDelivery := preload("res://addons/packhorse/core/delivery/peer_delivery.gd")

const _LONGEST_LINE := 1 << 26  # bytes
const _MICROSECONDS := 1e6  # in a second

var _peer: PeerDelivery
var _to_all: FanoutSender
var _from_all: FanoutReceiver
var _decoder := FrameDecoder.new()
var _delivered := Delivered.new()


func _initialize() -> void:
	var line := OS.read_string_from_stdin(_LONGEST_LINE)
	while line:
		var command: Dictionary = JSON.parse_string(line)
		print(JSON.stringify(_ask(command)))
		line = OS.read_string_from_stdin(_LONGEST_LINE)
	quit()


func _ask(command: Dictionary) -> Dictionary:
	var now := str(command["now_us"]).to_int() / _MICROSECONDS
	_delivered.clear()
	var drop := _do(command, now)
	var sent: Array[PackedByteArray] = []
	_peer.datagrams_to_send(PackedByteArray(), sent, now)
	var sent_to_all: Array[PackedByteArray] = []
	_to_all.datagrams_to_send(_no_head, sent_to_all)
	var wake := _peer.wake_at
	return {
		"sent": sent.map(_hex),
		"sent_to_all": sent_to_all.map(_hex),
		"delivered": _messages(),
		"drop": drop,
		"next_us": "" if wake == INF else str(ceili(wake * _MICROSECONDS)),
	}


func _do(command: Dictionary, now: float) -> StringName:
	match command["do"]:
		"start":
			_start(command, now)
		"push":
			for message: Dictionary in command["messages"]:
				_peer.push(_data_of(message), _mode_of(message), _channel_of(message))
		"push_to_all":
			for message: Dictionary in command["messages"]:
				_to_all.push(_data_of(message), 0, _mode_of(message), _channel_of(message))
		"receive":
			return _receive(command, now)
		"receive_to_all":
			if not _decoder.decode(str(command["payload"]).hex_decode(), 0):
				return Constants.DROP_BAD_FRAME
			return _from_all.receive(_decoder, _delivered, now)
		"consume":
			_peer.consume(str(command["bytes"]).to_int())
		"ping":
			_peer.ping()
	_peer.handle_timeout(now)
	return &""


func _start(command: Dictionary, now: float) -> void:
	var size := str(command["max_payload"]).to_int()
	var budget := MemoryBudget.new(str(command["memory"]).to_int())
	var own := str(command["own_restarts"]).to_int()
	var its := str(command["restarts"]).to_int()
	var generation := (own + its) % Constants.GENERATIONS
	_peer = PeerDelivery.new(size, budget, now, Allowance.new(), generation)
	_to_all = FanoutSender.new(size)
	_to_all.prefix = own << Frames.GENERATION_SHIFT
	_from_all = FanoutReceiver.new(budget, its)


func _receive(command: Dictionary, now: float) -> StringName:
	if not _decoder.decode(str(command["payload"]).hex_decode(), 0):
		return Constants.DROP_BAD_FRAME
	return _peer.receive(_decoder, _delivered, now)


func _messages() -> Array[Dictionary]:
	var messages: Array[Dictionary] = []
	for index in _delivered.data.size():
		var message := {
			"mode": Constants.Mode.find_key(_delivered.lanes[index] >> 8),
			"channel": str(_delivered.lanes[index] & 0xFF),
			"data": _delivered.data[index].hex_encode(),
		}
		messages.append(message)
	return messages


static func _data_of(message: Dictionary) -> PackedByteArray:
	return str(message["data"]).hex_decode()


static func _mode_of(message: Dictionary) -> int:
	return Constants.Mode[message["mode"]]


static func _channel_of(message: Dictionary) -> int:
	return str(message["channel"]).to_int()


static func _no_head(_destination: int) -> PackedByteArray:
	return PackedByteArray()


static func _hex(data: PackedByteArray) -> String:
	return data.hex_encode()
