extends "peer_case.gd"
## Base of tests of a room that the network thread moves, too.
##
## The fake relay runs in the main thread: a test blocks its frame, then looks into the socket.

const Settings := preload("res://addons/packhorse/nodes/settings.gd")
const Stages := preload("res://addons/packhorse/core/stages.gd")

const LONG := 100  ## Milliseconds; some turns of the thread.

const _MAX_BLOCKS := 50  # until a test is given up


## Lets nothing but the network thread and the relay run for [constant LONG].
func _block() -> void:
	for _part in 10:
		OS.delay_usec(LONG * 100)
		_relay.poll()


## As [method _block], until joining has come to [param stage], of which the game has not heard yet.
func _block_until(stage: Stages.Stage) -> void:
	for _try in _MAX_BLOCKS:
		if _stage() == stage:
			return
		_block()
	fail("stage %d was not reached" % stage)


func _stage() -> Stages.Stage:
	_peer._lock.lock()
	var session := _peer._client.session
	var stage := session.stage() if session != null else Stages.Stage.RESOLVING
	_peer._lock.unlock()
	return stage


## Lets the time that connecting may take go by.
func _let_connecting_take_too_long() -> void:
	_peer._lock.lock()
	_peer._client._give_up_at -= PackhorseRoomOptions.new().connect_timeout
	_peer._lock.unlock()


func _join_shared() -> void:
	_start(_peer, _relay.address())
	await _until(func() -> bool: return _peer.get_connection_status() == CONNECTED)


func _start(
	peer: PackhorseMultiplayerPeer, address: String, options: PackhorseRoomOptions = null
) -> void:
	ProjectSettings.set_setting(Settings.NETWORK_THREAD, true)
	assert_eq(peer.join_room(address, FakeRelay.CODE, options), OK, "joining")
	ProjectSettings.set_setting(Settings.NETWORK_THREAD, false)


func _put(text: String, target: int, mode: MultiplayerPeer.TransferMode) -> void:
	_peer.transfer_mode = mode
	_peer.set_target_peer(target)
	assert_eq(_peer.put_packet(text.to_ascii_buffer()), OK, "sending")
