extends Node
## One player of a measured game, with a SceneMultiplayer of its own.

var received := 0  ## Calls that came from the others.
var api := SceneMultiplayer.new()


## Enters the tree below a root of its own, named [param root_name].
func enter(tree: SceneTree, root_name: String, peer: MultiplayerPeer) -> void:
	var top := Node.new()
	top.name = root_name
	tree.root.add_child(top)
	name = "Player"
	top.add_child(self)
	tree.set_multiplayer(api, top.get_path())
	api.multiplayer_peer = peer


## Leaves the game and the tree.
func leave() -> void:
	api.multiplayer_peer.close()
	get_parent().queue_free()


@rpc("any_peer", "unreliable")
func take_unreliable(_data: PackedByteArray) -> void:
	received += 1


@rpc("any_peer", "unreliable_ordered")
func take_ordered(_data: PackedByteArray) -> void:
	received += 1


@rpc("any_peer", "reliable")
func take_reliable(_data: PackedByteArray) -> void:
	received += 1


@rpc("any_peer", "unreliable")
func take_position(_position: Vector3, _heading: float) -> void:
	received += 1
