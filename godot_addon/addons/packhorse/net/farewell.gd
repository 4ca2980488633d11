extends RefCounted
## Sees a session off: repeats LEAVE until the relay acknowledges it or its time is up, while
## nobody polls the peer any more.
##
## A relay that may be letting us in just now is waited for and told: else it would keep a member
## that is not there until the lease ends.

const Constants := preload("../wire/constants.gd")
const Self := preload("farewell.gd")
const SessionDriver := preload("session_driver.gd")

const _PART_WITHIN := 1.0  # seconds that giving up waits for GRANT
const _MAX_LEAVING := 16  # sessions that leave at the same time; the oldest gives way

static var _leaving: Array[Self] = []

var _driver: SessionDriver
var _tree: SceneTree
var _give_up_at: float  # clock seconds


## Leaves: the first LEAVE goes out at once, the rest happens in the frames to come.
static func see_off(driver: SessionDriver, now: float) -> void:
	var farewell := Self.new()
	farewell._driver = driver
	farewell._give_up_at = now + _PART_WITHIN
	var tree := Engine.get_main_loop() as SceneTree
	if farewell._is_over(now) or not _is_running(tree):
		driver.close()
		return
	farewell._tree = tree
	_follow.call_deferred(farewell)


## Goes on in the frames to come; in the main thread, where frames are.
static func _follow(farewell: Self) -> void:
	if _leaving.size() >= _MAX_LEAVING:
		var oldest: Self = _leaving.pop_front()
		oldest._end()
	_leaving.append(farewell)
	farewell._tree.process_frame.connect(farewell._on_tree_process_frame)


static func _is_running(tree: SceneTree) -> bool:
	return tree != null and tree.root != null and not tree.root.is_queued_for_deletion()


func _on_tree_process_frame() -> void:
	if _is_over(Time.get_ticks_usec() / 1e6):
		_end()


## Leaves as soon as there is something to leave, or nobody will let us in.
func _is_over(now: float) -> bool:
	_driver.poll(now)
	var session := _driver.session
	if session.state() != Constants.MemberState.JOINING or now >= _give_up_at:
		session.leave(now)
		_driver.poll(now)
	return session.state() == Constants.MemberState.CLOSED


func _end() -> void:
	_tree.process_frame.disconnect(_on_tree_process_frame)
	_driver.close()
	_leaving.erase.call_deferred(self)  # the last reference, while self is being called
