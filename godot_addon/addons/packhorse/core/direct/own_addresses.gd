extends RefCounted
## The addresses of this machine that peers are offered.

const Address := preload("../../wire/address.gd")
const Constants := preload("../../wire/constants.gd")
const OfferedAddresses := preload("../../wire/offered_addresses.gd")

const _MOST := 8  # addresses of a family; machines with containers have dozens


## Returns the CandidateKind by address of those [param hosts], IP literals, that another machine
## may reach at [param port]: IPv6 first, no loopback and link-local ones, the first 8 of a family.
static func list(hosts: PackedStringArray, port: int) -> Dictionary[String, int]:
	var found: Dictionary[String, int] = {}
	for is_ipv6: bool in [true, false]:
		for address in _usable(hosts, port, is_ipv6).slice(0, _MOST):
			found[address] = Constants.CandidateKind.HOST
	return found


static func _usable(hosts: PackedStringArray, port: int, is_ipv6: bool) -> PackedStringArray:
	var usable := PackedStringArray()
	for host in hosts:
		var encoded := Address.encode(host, port)
		if not encoded or is_ipv6 != (":" in host):
			continue
		var address := Address.show(encoded)
		if OfferedAddresses.may_be_checked(address, ""):
			usable.append(address)
	return usable
