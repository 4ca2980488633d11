extends "res://tests/test_case.gd"
## Base of tests that drive a session by hand, with a fake relay and a clock of their own.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const Event := preload("res://addons/packhorse/core/event.gd")
const FakeRelay := preload("res://tests/support/fake_relay.gd")
const Message := preload("res://addons/packhorse/wire/message.gd")
const Session := preload("res://addons/packhorse/core/session.gd")
const Wish := preload("res://addons/packhorse/core/wish.gd")

const START := 100.0  ## Clock at which sessions start, seconds.

var relay := FakeRelay.new()
var session: Session
var now := START

var _random := 0


## Starts a session that joins the fake relay's room, or creates one when [param code] is empty.
func start(code := FakeRelay.CODE) -> void:
	var wish := Wish.new()
	wish.code = code
	session = Session.new(wish, FakeRelay.ADDRESS, random_bytes, now)


## Brings a session to GRANT, and to its first roster unless [param peers] is empty; drains its
## events and its first datagrams.
func join(peers: Array[int] = [1, 2], changes: Dictionary[StringName, Variant] = {}) -> void:
	start()
	deliver(FakeRelay.challenge(send_one()))
	deliver(relay.grant(send_one(), changes))
	if peers:
		deliver(relay.roster(2, peers))
	take_events()
	send()


## Counts up, so that every run is the same.
func random_bytes(size: int) -> PackedByteArray:
	var bytes := PackedByteArray()
	for _index in size:
		_random += 1
		bytes.append(_random & 0xFF)
	return bytes


## Hands a datagram of the relay to the session.
func deliver(datagram: PackedByteArray) -> void:
	session.receive_datagram(datagram, FakeRelay.ADDRESS, now)


## Lets the session do what is due; returns what it sends.
func send() -> Array[PackedByteArray]:
	session.handle_timeout(now)
	return session.datagrams_to_send()


## Lets the session do what is due; returns the one datagram that it sends, or fails.
func send_one() -> PackedByteArray:
	var datagrams := send()
	assert_eq(datagrams.size(), 1, "datagrams sent")
	return datagrams[0] if datagrams else PackedByteArray()


## Moves the clock to the session's next deadline, and sends.
func wait() -> Array[PackedByteArray]:
	now = session.next_timeout()
	return send()


## Moves the clock to [param until], stopping at every deadline; returns what was sent.
func run_until(until: float) -> Array[PackedByteArray]:
	var sent: Array[PackedByteArray] = []
	while session.next_timeout() <= until:
		sent.append_array(wait())
	now = until
	return sent


## Drains the session's events; changes of the stage are left out.
func take_events() -> Array[Event]:
	var events: Array[Event] = []
	var event := session.next_event()
	while event != null:
		if event.type != Event.Type.STAGE_CHANGED:
			events.append(event)
		event = session.next_event()
	return events


## Drains the session's events; returns their types and peers as text: "PEER_LEFT 3".
func take_event_names() -> Array[String]:
	var names: Array[String] = []
	for event in take_events():
		var type: String = Event.Type.find_key(event.type)
		names.append("%s %d" % [type, event.peer] if event.peer else type)
	return names


## Returns the messages of [param type] among SEAL datagrams of the member.
func sealed(datagrams: Array[PackedByteArray], type: Constants.MessageType) -> Array[Message]:
	var messages: Array[Message] = []
	for datagram in datagrams:
		var message := relay.read_seal(datagram)
		if message.type == type:
			messages.append(message)
	return messages


## Fails unless exactly the datagrams in [param expected] were dropped, by reason.
func assert_drops(expected: Dictionary[StringName, int]) -> void:
	assert_eq(session.drops, expected, "drops")
