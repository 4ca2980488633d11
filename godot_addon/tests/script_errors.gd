extends Logger
## Collects script errors, which stop a test without a trace in the script itself.
##
## Godot 4.5 and newer: run.gd loads this file only where the class Logger exists.

var _messages: Array[String] = []
var _mutex := Mutex.new()


func _log_error(
	_function: String,
	file: String,
	line: int,
	code: String,
	rationale: String,
	_editor_notify: bool,
	error_type: int,
	_backtraces: Array[ScriptBacktrace]
) -> void:
	if error_type != ERROR_TYPE_SCRIPT:
		return
	_mutex.lock()
	_messages.append("%s (%s:%d)" % [rationale if rationale else code, file, line])
	_mutex.unlock()


## Returns the script errors since the last call.
func take() -> Array[String]:
	_mutex.lock()
	var taken := _messages.duplicate()
	_messages.clear()
	_mutex.unlock()
	return taken
