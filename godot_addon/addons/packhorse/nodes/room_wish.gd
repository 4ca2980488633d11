extends RefCounted
## Room options as the core takes them.

const Secret := preload("../wire/secret.gd")
const Wish := preload("../core/wish.gd")

const _SHORTEST_KEY := 16  # bytes


## Adds ticket and access key to [param wish]; false when one of them cannot be read.
static func add_access(wish: Wish, options: PackhorseRoomOptions) -> bool:
	wish.ticket = Secret.parse(options.ticket)
	wish.access_key = Secret.parse(options.access_key)
	var has_ticket := not options.ticket or not wish.ticket.is_empty()
	return has_ticket and (not options.access_key or wish.access_key.size() >= _SHORTEST_KEY)
