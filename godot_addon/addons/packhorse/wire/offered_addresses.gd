extends RefCounted
## Addresses that an OFFER names, and which of a peer's may be checked.
##
## An address is text as [method Address.show] writes it: each has one form and can be compared.
## Source: protocol_spec/SPEC.md section 18.2.

const Address := preload("address.gd")
const Constants := preload("constants.gd")

const _HEAD := 2  # bytes: kind, length
const _IPV4_SIZE := 6  # bytes of an address with its port
const _IPV6_SIZE := 18  # as above
const _MAPPED_PREFIX := "00000000000000000000ffff"  # hex; RFC 4291 section 2.5.5.2


## Returns the field [code]candidates[/code] of an OFFER: [param addresses] holds the CandidateKind
## by address, the better first; the first MAX_CANDIDATES count.
static func encode(addresses: Dictionary[String, int]) -> PackedByteArray:
	var data := PackedByteArray()
	for address: String in addresses.keys().slice(0, Constants.MAX_CANDIDATES):
		var encoded := _as_ipv4(Address.parse(address))
		data.append_array([addresses[address], encoded.size()])
		data.append_array(encoded)
	return data


## Tells whether [param data] is what [method encode] may have made.
static func is_valid(data: PackedByteArray) -> bool:
	var start := 0
	while start < data.size():
		if start + _HEAD > data.size() or data[start + 1] not in [_IPV4_SIZE, _IPV6_SIZE]:
			return false
		start += _HEAD + data[start + 1]
	return start == data.size()


## Returns the CandidateKind by address of valid [param data]; unknown kinds are skipped.
static func decode(data: PackedByteArray) -> Dictionary[String, int]:
	var found: Dictionary[String, int] = {}
	var count := 0
	var start := 0
	while start < data.size() and count < Constants.MAX_CANDIDATES:
		var end := start + _HEAD + data[start + 1]
		if data[start] in Constants.CandidateKind.values():
			found[Address.show(_as_ipv4(data.slice(start + _HEAD, end)))] = data[start]
			count += 1
		start = end
	return found


## Tells whether an offered address may be sent to: a unicast address with a port, not that of the
## own [param relay], and no loopback address unless that is at one.
static func may_be_checked(address: String, relay: String) -> bool:
	var data := Address.parse(address)
	if not data or Address.port_of(data) == 0 or address == relay:
		return false
	var ip := data.slice(0, -2)
	if ip.count(0) == ip.size() or ip.count(0xFF) == ip.size():
		return false
	var is_ipv4 := data.size() == _IPV4_SIZE
	var is_link_local := ip[0] == 0xFE and ip[1] & 0xC0 == 0x80
	if is_ipv4:
		is_link_local = ip[0] == 169 and ip[1] == 254
	var is_multicast := ip[0] & 0xF0 == 0xE0 if is_ipv4 else ip[0] == 0xFF
	return not is_multicast and not is_link_local and (is_loopback(relay) or not _is_loopback(ip))


## Tells whether an address is one of this machine alone.
static func is_loopback(address: String) -> bool:
	var data := Address.parse(address)
	return not data.is_empty() and _is_loopback(data.slice(0, -2))


static func _is_loopback(ip: PackedByteArray) -> bool:
	if ip.size() == 4:
		return ip[0] == 127
	return ip[-1] == 1 and ip.count(0) == ip.size() - 1


## Returns an IPv4-mapped IPv6 address as IPv4, so that one host has one form.
static func _as_ipv4(data: PackedByteArray) -> PackedByteArray:
	var is_mapped := data.size() == _IPV6_SIZE and data.hex_encode().begins_with(_MAPPED_PREFIX)
	return data.slice(12) if is_mapped else data
