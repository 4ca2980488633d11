extends RefCounted
## The state of a session at the member; the table of its steps comes from the specification.

const Constants := preload("../wire/constants.gd")

var state := Constants.MemberState.GREETING


## Goes to the state that [param cause] leads to; false when the table has no such step.
func advance(cause: StringName) -> bool:
	var steps: Dictionary = Constants.MEMBER_TRANSITIONS.get(state, {})
	if not steps.has(cause):
		return false
	state = steps[cause]
	return true
