extends RefCounted
## Sees a session off: repeats LEAVE until the relay acknowledges it or its time is up, while
## nobody polls the peer any more.

const Constants := preload("../wire/constants.gd")
const Self := preload("farewell.gd")
const SessionDriver := preload("session_driver.gd")

const _MAX_LEAVING := 16  # sessions that leave at the same time; the oldest gives way

static var _leaving: Array[Self] = []

var _driver: SessionDriver
var _tree: SceneTree


## Leaves: the first LEAVE goes out at once, the rest happens in the frames to come.
static func see_off(driver: SessionDriver, now: float) -> void:
	driver.session.leave(now)
	driver.poll(now)
	var tree := Engine.get_main_loop() as SceneTree
	if driver.session.state() == Constants.MemberState.CLOSED or not _is_running(tree):
		driver.close()
		return
	if _leaving.size() >= _MAX_LEAVING:
		_leaving[0]._end()
	var farewell := Self.new()
	farewell._driver = driver
	farewell._tree = tree
	_leaving.append(farewell)
	tree.process_frame.connect(farewell._on_tree_process_frame)


static func _is_running(tree: SceneTree) -> bool:
	return tree != null and tree.root != null and not tree.root.is_queued_for_deletion()


func _on_tree_process_frame() -> void:
	_driver.poll(Time.get_ticks_usec() / 1e6)
	if _driver.session.state() == Constants.MemberState.CLOSED:
		_end()


func _end() -> void:
	_tree.process_frame.disconnect(_on_tree_process_frame)
	_driver.close()
	_leaving.erase.call_deferred(self)  # the last reference, while self is being called
