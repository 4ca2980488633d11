extends MultiplayerSpawner
## Spawns things on every peer and keeps their values the same, with Godot's own nodes.

## Emitted on a peer when a thing has got a value.
signal value_taken(value: int)


func _ready() -> void:
	spawn_path = ^".."
	spawn_function = _make


func _make(value: int) -> Node:
	var thing := Thing.new()
	thing.value_taken.connect(value_taken.emit)
	thing.value = value
	var synchronizer := MultiplayerSynchronizer.new()
	synchronizer.replication_config = SceneReplicationConfig.new()
	synchronizer.replication_config.add_property(^".:value")
	thing.add_child(synchronizer)
	return thing


class Thing:
	extends Node

	signal value_taken(value: int)

	var value := 0:
		set(new_value):
			if new_value != value:
				value = new_value
				value_taken.emit(value)
