extends Logger
## Keeps every error and warning that the engine logs; Godot 4.5 and newer.

var messages: Array[String] = []
var _mutex := Mutex.new()


func _log_error(
	_function: String,
	file: String,
	line: int,
	code: String,
	rationale: String,
	_editor_notify: bool,
	_error_type: int,
	_backtraces: Array[ScriptBacktrace]
) -> void:
	_mutex.lock()
	messages.append("%s (%s:%d)" % [rationale if rationale else code, file, line])
	_mutex.unlock()
