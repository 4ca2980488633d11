extends MultiplayerSpawner
## Spawns things on every peer and keeps their values the same, with Godot's own nodes.

## Emitted on a peer when a thing has got a value.
signal value_taken(value: int)
## Emitted on a peer when a thing has got a mark, which is sent when it changes.
signal mark_taken(mark: int)


func _ready() -> void:
	spawn_path = ^".."
	spawn_function = _make


func _make(value: int) -> Node:
	var thing := Thing.new()
	thing.value_taken.connect(value_taken.emit)
	thing.mark_taken.connect(mark_taken.emit)
	thing.value = value
	var synchronizer := MultiplayerSynchronizer.new()
	synchronizer.replication_config = _replication()
	thing.add_child(synchronizer)
	return thing


static func _replication() -> SceneReplicationConfig:
	var config := SceneReplicationConfig.new()
	config.add_property(^".:value")
	config.add_property(^".:mark")
	config.property_set_spawn(^".:mark", false)
	config.property_set_replication_mode(
		^".:mark", SceneReplicationConfig.REPLICATION_MODE_ON_CHANGE
	)
	return config


class Thing:
	extends Node

	signal value_taken(value: int)
	signal mark_taken(mark: int)

	var value := 0:
		set(new_value):
			if new_value != value:
				value = new_value
				value_taken.emit(value)
	var mark := 0:
		set(new_mark):
			if new_mark != mark:
				mark = new_mark
				mark_taken.emit(mark)
