extends RefCounted
## The thread that moves all rooms of this program between its frames: neither a game's work in a
## frame nor a level that loads for seconds delays acknowledgements and answers to the relay.
##
## It sleeps while there are no rooms, and ends with the scene tree.

const Turn := preload("turn.gd")

const _PAUSE := 2000  # microseconds; what is sent in a frame waits for half of it on average
const _QUIET_PAUSE := 8000  # where no datagrams come or go

static var _thread: Thread = null
static var _turns: Array[Turn] = []  # never changed, but replaced
static var _lock := Mutex.new()  # of _turns and _is_ending
static var _work := Semaphore.new()
static var _is_ending := false


## Moves a room from now on; false where there are no threads, or no scene tree that ends them, and
## in a browser, which hands what comes to the main thread alone.
static func add(turn: Turn) -> bool:
	if not OS.has_feature("threads") or OS.has_feature("web"):
		return false
	if _thread == null and not _start():
		return false
	var turns := _turns.duplicate()
	turns.append(turn)
	_replace(turns)
	_work.post()
	return true


## Moves a room no more; to be called under the lock of [param turn].
static func remove(turn: Turn) -> void:
	turn.end()
	var turns := _turns.duplicate()
	turns.erase(turn)
	_replace(turns)


static func _start() -> bool:
	var tree := Engine.get_main_loop() as SceneTree
	if tree == null or tree.root == null or not tree.root.is_inside_tree():
		return false
	_is_ending = false
	var thread := Thread.new()
	if thread.start(_run) != OK:
		return false
	_thread = thread
	tree.root.tree_exiting.connect(_stop, CONNECT_ONE_SHOT)
	return true


static func _stop() -> void:
	_lock.lock()
	_is_ending = true
	_lock.unlock()
	_work.post()
	_thread.wait_to_finish()
	_thread = null


static func _replace(turns: Array[Turn]) -> void:
	_lock.lock()
	_turns = turns
	_lock.unlock()


static func _run() -> void:
	while true:
		_lock.lock()
		var turns := _turns
		var is_ending := _is_ending
		_lock.unlock()
		if is_ending:
			return
		if not turns:
			_work.wait()
			continue
		var is_busy := false
		for turn in turns:
			is_busy = turn.take() or is_busy
		OS.delay_usec(_PAUSE if is_busy else _QUIET_PAUSE)
