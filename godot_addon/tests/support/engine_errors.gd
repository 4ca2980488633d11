extends RefCounted
## Collects what the engine logs as errors between start and stop; nothing before Godot 4.5, which
## has no class Logger.

const _LOGGER := "res://tests/support/error_logger.gd"


## Starts collecting; hand the result to [method stop].
static func start() -> RefCounted:
	if not ClassDB.class_exists(&"Logger"):
		return null
	var script: GDScript = load(_LOGGER)
	var logger: RefCounted = script.new()
	OS.call(&"add_logger", logger)
	return logger


## Stops collecting; returns one text for each error.
static func stop(logger: RefCounted) -> Array[String]:
	if logger == null:
		return []
	OS.call(&"remove_logger", logger)
	var messages: Array[String] = logger.get(&"messages")
	return messages
