extends SceneTree
## Repeats recorded sessions of the Python core with the addon's core, and compares every answer.
##
## [codeblock]
## godot --headless --path godot_addon -s res://tests/e2e/replay_sessions.gd -- FILE
## [/codeblock]
## Prints the first difference of each session, then "N sessions, N steps, N differ".

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const DirectDatagram := preload("res://addons/packhorse/core/direct/direct_datagram.gd")
const Event := preload("res://addons/packhorse/core/event.gd")
const RoomChange := preload("res://addons/packhorse/core/room_change.gd")
const SavedSession := preload("res://addons/packhorse/core/saved_session.gd")
const Session := preload("res://addons/packhorse/core/session.gd")
const Stages := preload("res://addons/packhorse/core/stages.gd")
const Wish := preload("res://addons/packhorse/core/wish.gd")

const RELAY := "192.0.2.1:6969"

var _random: Array = []
var _next_random := 0
var _steps := 0


func _initialize() -> void:
	var text := FileAccess.get_file_as_string(OS.get_cmdline_user_args()[0])
	var records: Array = JSON.parse_string(text)
	var differing := 0
	for record: Dictionary in records:
		differing += 0 if _replay(record) else 1
	print("%d sessions, %d steps, %d differ" % [records.size(), _steps, differing])
	quit(1 if differing else 0)


func _replay(record: Dictionary) -> bool:
	_random = record["random"]
	_next_random = 0
	var wish: Dictionary = record["wish"]
	var session := Session.new(_wish(wish), RELAY, _random_bytes, _exact(record["now"]))
	for step: Dictionary in record["steps"]:
		_steps += 1
		var answer := _do(session, step)
		for part: String in answer:
			if answer[part] != step.get(part):
				var shown := [JSON.stringify(step), part, JSON.stringify(answer[part])]
				print("after %s: %s is %s" % shown)
				return false
	return true


## Does one step; returns what the recording must have, written in the same way.
func _do(session: Session, step: Dictionary) -> Dictionary:
	var answer := {}
	var now := _exact(step["now"]) if step.has("now") else 0.0
	match step["do"]:
		"receive":
			var source: String = step["source"] if step["source"] else RELAY
			session.receive_datagram(str(step["data"]).hex_decode(), source, now)
		"timeout":
			session.handle_timeout(now)
		"bind":
			session.bind(now)
		"leave":
			session.leave(now)
		"kick":
			var peer: float = step["peer"]
			var is_ban: bool = step["ban"]
			session.kick(int(peer), is_ban, now)
		"decide":
			var request: float = step["request"]
			var is_welcome: bool = step["admit"]
			session.decide(int(request), is_welcome, now)
		"set_room":
			var change: Dictionary = step["change"]
			session.set_room(_change(change), now)
		"data":
			var to: float = step["to"]
			var payload := str(step["data"]).hex_decode()
			var mail := session.mail()
			var sent := mail.plain_datagram(payload, int(to)) if mail else PackedByteArray()
			answer["result"] = sent.hex_encode()
		"send":
			var target: float = step["to"]
			var mail := session.mail()
			var to := mail.narrowed(int(target))
			var datagram := mail.plain_datagram(str(step["data"]).hex_decode(), to)
			var relayed := mail.to_relay([datagram], now)
			answer["result"] = "".join(relayed.map(_hex))
		"seek":
			var shares_socket: bool = step["shares_socket"]
			var found: Dictionary = step["found"]
			session.direct.seek(_kinds(found), shares_socket, now)
		"send_directly":
			answer["direct"] = session.direct_datagrams_to_send().map(_addressed)
	if step.has("next"):
		answer.merge(_outcome(session))
	return answer


func _outcome(session: Session) -> Dictionary:
	var sent := session.datagrams_to_send().map(_hex)
	var timeout := session.next_timeout()
	var events := []
	var event := session.next_event()
	while event != null:
		events.append(_event(event))
		event = session.next_event()
	var state: String = Constants.MemberState.find_key(session.state())
	var drops := {}
	for reason in session.drops:
		drops[str(reason)] = float(session.drops[reason])
	return {
		"sent": sent,
		"events": events,
		"next": null if timeout == INF else _show(timeout),
		"state": state.to_lower(),
		"drops": drops,
	}


func _event(event: Event) -> Array:
	var written := [Event.Type.find_key(event.type)]
	match event.type:
		Event.Type.MESSAGE:
			written.append_array([float(event.peer), event.data.hex_encode()])
		Event.Type.PEER_LEFT:
			written.append_array([float(event.peer), float(event.code)])
		Event.Type.PEER_JOINED, Event.Type.PEER_LOST, Event.Type.PEER_FOUND:
			written.append(float(event.peer))
		Event.Type.LIMITED:
			written.append_array(event.limits.map(func(number: int) -> float: return number))
		Event.Type.REQUEST_ENDED:
			written.append_array([float(event.request), float(event.code)])
		Event.Type.JOIN_REQUESTED:
			written.append_array([float(event.request), event.text])
		Event.Type.PEER_PATH_CHANGED:
			written.append_array([float(event.peer), event.text])
		Event.Type.STAGE_CHANGED:
			written.append(Stages.Stage.find_key(event.stage))
		Event.Type.RELAY_DRAINING:
			written.append(_show(event.seconds))
		Event.Type.CLOSED:
			written.append(float(event.error.code) if event.error else 0.0)
	return written


func _wish(wish: Dictionary) -> Wish:
	var made := Wish.new()
	made.code = wish.get("code", "")
	made.password_key = str(wish.get("password_key", "")).hex_decode()
	made.locked = wish.get("locked", false)
	made.name = wish.get("name", "")
	made.ticket = str(wish.get("ticket", "")).hex_decode()
	made.access_key = str(wish.get("access_key", "")).hex_decode()
	var max_peers: float = wish.get("max_peers", 0.0)
	made.max_peers = int(max_peers)
	if wish.has("saved"):
		made.saved = SavedSession.from_text(str(wish["saved"]))
		made.is_restarted = wish["restarted"]
	if wish.get("topology", 0.0) == 1.0:
		made.topology = Constants.Topology.STAR
	return made


func _change(change: Dictionary) -> RoomChange:
	var made := RoomChange.new()
	var numbers := {}
	for key: String in ["topology", "max_peers", "locked", "approval", "listed"]:
		var number: float = change[key]
		numbers[key] = int(number)
	made.topology = numbers["topology"]
	made.max_peers = numbers["max_peers"]
	made.locked = numbers["locked"]
	made.approval = numbers["approval"]
	made.listed = numbers["listed"]
	if change["metadata"] != null:
		made.metadata = str(change["metadata"]).hex_decode()
	made.password_key = str(change["password_key"]).hex_decode()
	made.removes_password = change["removes_password"]
	return made


func _random_bytes(size: int) -> PackedByteArray:
	if _next_random >= _random.size():
		return PackedByteArray()
	_next_random += 1
	var bytes := str(_random[_next_random - 1]).hex_decode()
	return bytes if bytes.size() == size else PackedByteArray()


## Returns the CandidateKind by address, as it was recorded.
static func _kinds(found: Dictionary) -> Dictionary[String, int]:
	var kinds: Dictionary[String, int] = {}
	for address: String in found:
		var kind: float = found[address]
		kinds[address] = int(kind)
	return kinds


static func _addressed(datagram: DirectDatagram) -> Array:
	return [datagram.address, datagram.data.hex_encode()]


static func _hex(datagram: PackedByteArray) -> String:
	return datagram.hex_encode()


static func _exact(text: Variant) -> float:
	return str(text).hex_decode().decode_double(0)


static func _show(number: float) -> String:
	var bytes := PackedByteArray()
	bytes.resize(8)
	bytes.encode_double(0, number)
	return bytes.hex_encode()
