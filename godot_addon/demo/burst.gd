extends CPUParticles2D
## A puff of confetti that removes itself.

const Self := preload("burst.gd")


## Throws [param count] bits of the colour [param tint] at [param place].
static func at(place: Vector2, tint: Color, count: int, parent: Node) -> void:
	var burst := Self.new()
	burst.position = place
	burst.color = tint
	burst.amount = count
	parent.add_child(burst)


func _init() -> void:
	one_shot = true
	explosiveness = 0.95
	lifetime = 0.6
	direction = Vector2.UP
	spread = 180.0
	gravity = Vector2(0, 260)
	initial_velocity_min = 60.0
	initial_velocity_max = 230.0
	angular_velocity_min = -400.0
	angular_velocity_max = 400.0
	scale_amount_min = 5.0
	scale_amount_max = 10.0
	scale_amount_curve = Curve.new()
	scale_amount_curve.add_point(Vector2(0, 1))
	scale_amount_curve.add_point(Vector2(1, 0))


func _ready() -> void:
	finished.connect(queue_free)
	emitting = true
