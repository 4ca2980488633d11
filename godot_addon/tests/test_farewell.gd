extends "res://tests/test_case.gd"
## Sessions that leave while nobody polls them any more.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const EngineErrors := preload("res://tests/support/engine_errors.gd")
const Farewell := preload("res://addons/packhorse/net/farewell.gd")
const FakeRelay := preload("res://tests/support/fake_relay.gd")
const SessionDriver := preload("res://addons/packhorse/net/session_driver.gd")
const UdpLink := preload("res://addons/packhorse/net/udp_link.gd")
const Wish := preload("res://addons/packhorse/core/wish.gd")

var _relay := PacketPeerUDP.new()


func test_oldest_of_too_many_farewells_in_a_frame_gives_way() -> void:
	_relay.bind(0, "127.0.0.1")
	var logger := EngineErrors.start()

	for _index in Farewell._MAX_LEAVING + 3:
		_see_off()
	await tree.process_frame
	await tree.process_frame
	assert_eq(Farewell._leaving.size(), Farewell._MAX_LEAVING, "farewells")
	await tree.create_timer(Farewell._PART_WITHIN + 0.2).timeout

	assert_eq(Farewell._leaving.size(), 0, "farewells that have not ended in time")
	assert_eq(EngineErrors.stop(logger), [] as Array[String], "errors")


## Gives up a session that may be let into a room just now.
func _see_off() -> void:
	var now := Time.get_ticks_usec() / 1e6
	var link := UdpLink.new("127.0.0.1", _relay.get_local_port())
	link.open(now)
	var wish := Wish.new()
	wish.code = FakeRelay.CODE
	var driver := SessionDriver.new(wish, link, now)
	driver.poll(now)
	_relay.wait()
	var hello := _relay.get_packet()
	_relay.set_dest_address(_relay.get_packet_ip(), _relay.get_packet_port())
	_relay.put_packet(FakeRelay.challenge(hello))
	while driver.session.state() == Constants.MemberState.GREETING:
		driver.poll(now)
	_relay.wait()
	_relay.get_packet()  # JOIN
	Farewell.see_off(driver, now)
