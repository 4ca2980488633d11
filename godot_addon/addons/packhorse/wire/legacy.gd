extends RefCounted
## Datagrams of the legacy protocol: prefix, id, payload; an empty payload registers the id.
##
## Source: protocol_spec/SPEC.md section 11.

const Constants := preload("constants.gd")
const Header := preload("header.gd")


## Returns the datagram for the id [param peer] (1..2^31-1).
static func encode(peer: int, payload := PackedByteArray()) -> PackedByteArray:
	var prefix := Constants.LEGACY_PREFIX
	var datagram := Header.encode(prefix >> 8, prefix & 0xFF, peer)
	datagram.append_array(payload)
	return datagram


## Returns why [param data] must be refused, or an empty name when it is a legacy datagram.
##
## The other functions that read a datagram may be called only after this one found it good.
static func check(data: PackedByteArray) -> StringName:
	if data.size() < Constants.HEADER_SIZE:
		return Constants.DROP_TOO_SHORT
	if data.size() > Constants.MAX_DATAGRAM:
		return Constants.DROP_TOO_LARGE
	if data[0] << 8 | data[1] != Constants.LEGACY_PREFIX:
		return Constants.DROP_UNKNOWN_PREFIX
	var id := peer_of(data)
	if id < 1 or id > Constants.LEGACY_MAX_ID:
		return Constants.DROP_LEGACY_BAD_ID
	return &""


## Returns the id of a good datagram.
static func peer_of(data: PackedByteArray) -> int:
	return Header.word_of(data)


## Returns the payload of a good datagram.
static func payload_of(data: PackedByteArray) -> PackedByteArray:
	return data.slice(Constants.HEADER_SIZE)
