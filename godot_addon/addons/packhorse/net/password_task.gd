extends RefCounted
## Turns a room's password into its key on another thread, because that is slow by design.

const Proofs := preload("../wire/proofs.gd")

var _task: int
var _result: Array[PackedByteArray] = []  # shared with the thread


func _init(password: String, code: String) -> void:
	_task = WorkerThreadPool.add_task(_derive.bind(password, code, _result))


func _notification(what: int) -> void:
	if what == NOTIFICATION_PREDELETE and _task:
		WorkerThreadPool.wait_for_task_completion(_task)


## Returns the key, or nothing while it is not ready.
func poll() -> PackedByteArray:
	if _task and WorkerThreadPool.is_task_completed(_task):
		WorkerThreadPool.wait_for_task_completion(_task)
		_task = 0
	return PackedByteArray() if _task else _result[0]


static func _derive(password: String, code: String, result: Array[PackedByteArray]) -> void:
	result.append(Proofs.password_key(password, code))
