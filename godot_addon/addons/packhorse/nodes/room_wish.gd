extends RefCounted
## Room options as the core and the network take them.

const Candidates := preload("../core/candidates.gd")
const Constants := preload("../wire/constants.gd")
const Messages := preload("../wire/messages.gd")
const Reach := preload("../net/reach.gd")
const RelayAddress := preload("../core/relay_address.gd")
const RoomChange := preload("../core/room_change.gd")
const RoomCode := preload("../wire/room_code.gd")
const Secret := preload("../wire/secret.gd")
const Utf8 := preload("../wire/utf8.gd")
const Wish := preload("../core/wish.gd")

const _SHORTEST_KEY := 16  # bytes


## Returns the wish for a new room.
static func creating(options: PackhorseRoomOptions) -> Wish:
	var wish := Wish.new()
	if options != null:
		var is_star := options.topology == PackhorseRoomOptions.Topology.STAR
		wish.topology = Constants.Topology.STAR if is_star else Constants.Topology.MESH
		wish.max_peers = options.max_peers
	return wish


## Returns the wish to join; its code is empty when [param code] is none.
static func joining(code: String) -> Wish:
	var wish := Wish.new()
	wish.code = RoomCode.parse(code)
	return wish


## Returns why nothing can be asked of a relay like this, as a [enum PackhorseError.Code]; else 0,
## and [param wish] has the passwords, ticket and access key of the options.
static func fault(wish: Wish, to: Reach, options: PackhorseRoomOptions) -> int:
	if to == null:
		return PackhorseError.Code.ADDRESS_INVALID
	if not to.is_possible():
		return PackhorseError.Code.TRANSPORT_IMPOSSIBLE
	if not is_possible(options) or not _is_duration(options.connect_timeout):
		return PackhorseError.Code.OPTIONS_INVALID
	return 0 if add_access(wish, options) else PackhorseError.Code.SECRET_INVALID


## Tells whether number of peers and name are within what the protocol can say.
static func is_possible(options: PackhorseRoomOptions) -> bool:
	var layouts := Messages.layouts
	var create := layouts[Constants.MessageType.CREATE]
	var has_size := not options.max_peers or create.accepts({&"max_peers": options.max_peers})
	var join := layouts[Constants.MessageType.JOIN]
	return has_size and join.accepts({&"name": options.player_name})


## Adds passwords, ticket and access key to [param wish]; false when one of them cannot be read.
static func add_access(wish: Wish, options: PackhorseRoomOptions) -> bool:
	wish.password = options.password
	wish.approves = options.approve
	wish.name = options.player_name
	wish.locked = options.locked and not wish.code
	wish.ticket = Secret.parse(options.ticket)
	wish.access_key = Secret.parse(options.access_key)
	var has_ticket := not options.ticket or not wish.ticket.is_empty()
	return has_ticket and (not options.access_key or wish.access_key.size() >= _SHORTEST_KEY)


## Returns how to reach the relay [param text]; null when that is no address.
static func reach(text: String, options: PackhorseRoomOptions) -> Reach:
	var address := RelayAddress.parse(text)
	if address == null:
		return null
	var wanted := Reach.new(address)
	wanted.transport = options.transport as Candidates.Transport
	wanted.certificate = options.trusted_certificate
	wanted.is_relay_only = options.relay_only
	wanted.is_unsafe = options.trusts_any_certificate
	return wanted


## Returns what [method PackhorseMultiplayerPeer.set_room_options] changes.
static func change(options: PackhorseRoomOptions) -> RoomChange:
	var wanted := RoomChange.new()
	wanted.max_peers = options.max_peers if options.max_peers else RoomChange.UNCHANGED
	wanted.approval = 1 if options.approve else 0
	wanted.listed = 1 if options.listed else 0
	wanted.metadata = _whole_characters(options.metadata, Constants.MAX_METADATA)
	wanted.locked = 1 if options.locked else 0
	wanted.removes_password = not options.password
	return wanted


static func _is_duration(seconds: float) -> bool:
	return seconds > 0.0 and is_finite(seconds)


## Returns as many characters of [param text] as [param most] bytes hold: half a character would
## make the rest unreadable for who lists rooms.
static func _whole_characters(text: String, most: int) -> PackedByteArray:
	var bytes := text.to_utf8_buffer().slice(0, most)
	while not Utf8.is_valid(bytes):
		bytes.resize(bytes.size() - 1)
	return bytes
