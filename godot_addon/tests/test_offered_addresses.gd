extends "res://tests/test_case.gd"
## Addresses that offers name.

const Constants := preload("res://addons/packhorse/wire/constants.gd")
const OfferedAddresses := preload("res://addons/packhorse/wire/offered_addresses.gd")
const OwnAddresses := preload("res://addons/packhorse/core/direct/own_addresses.gd")

const HOST := Constants.CandidateKind.HOST
const RELAY := "198.51.100.1:6969"
const REFLEXIVE := Constants.CandidateKind.REFLEXIVE


func test_addresses_have_kind_length_and_bytes() -> void:
	var offered: Dictionary[String, int] = {"192.0.2.1:6969": HOST, "[2001:db8::1]:7": REFLEXIVE}
	var data := OfferedAddresses.encode(offered)

	var wanted := "0106c00002011b39" + "021220010db80000000000000000000000010007"
	assert_eq(data.hex_encode(), wanted, "bytes")
	assert_eq(OfferedAddresses.decode(data), offered, "addresses")


func test_no_address_is_no_bytes() -> void:
	assert_true(OfferedAddresses.is_valid(PackedByteArray()), "valid")
	assert_eq(OfferedAddresses.decode(PackedByteArray()).size(), 0, "addresses")


func test_unknown_kind_is_skipped() -> void:
	var data := "0906c00002011b39" + "0106c00002021b39"

	var found := OfferedAddresses.decode(data.hex_decode())

	assert_eq(found.keys(), ["192.0.2.2:6969"], "addresses")


func test_wrong_length_is_refused() -> void:
	for data: String in ["01", "0105c000020139", "0106c00002011b", "0106c00002011b3902"]:
		assert_true(not OfferedAddresses.is_valid(data.hex_decode()), data)


func test_only_the_first_addresses_count() -> void:
	var many: Dictionary[String, int] = {}
	for number in Constants.MAX_CANDIDATES + 5:
		many["192.0.2.%d:7" % number] = HOST
	var data := OfferedAddresses.encode(many)

	assert_eq(OfferedAddresses.decode(data).size(), Constants.MAX_CANDIDATES, "encoded")
	var twice := OfferedAddresses.decode(data + "0106c00002ff0007".hex_decode())
	assert_eq(twice.size(), Constants.MAX_CANDIDATES, "decoded")


func test_mapped_address_is_one_of_ipv4() -> void:
	var data := "011200000000000000000000ffffc00002010007".hex_decode()

	assert_eq(OfferedAddresses.decode(data).keys(), ["192.0.2.1:7"], "addresses")


func test_unicast_address_may_be_checked() -> void:
	for host: String in ["192.0.2.1", "10.0.0.1", "100.64.0.3", "[2001:db8::1]", "[fd00::1]"]:
		assert_true(OfferedAddresses.may_be_checked(host + ":7", RELAY), host)


func test_attack_offered_address_that_is_no_peers_is_not_checked() -> void:
	for address: String in [
		"192.0.2.1:0",
		"0.0.0.0:7",
		"127.0.0.1:7",
		"224.0.0.1:7",
		"239.255.255.250:1900",
		"255.255.255.255:7",
		"[::]:7",
		"[::1]:7",
		"[fe80::1]:7",
		"[ff02::1]:7",
		"169.254.1.1:7",
		RELAY,
		"nonsense",
	]:
		assert_true(not OfferedAddresses.may_be_checked(address, RELAY), address)


func test_loopback_may_be_checked_where_the_relay_is_there() -> void:
	for address: String in ["127.0.0.1:7", "[::1]:7"]:
		assert_true(OfferedAddresses.is_loopback(address), address)
		assert_true(OfferedAddresses.may_be_checked(address, "127.0.0.1:6969"), address)


func test_own_addresses_are_those_that_others_may_reach_ipv6_first() -> void:
	var hosts: PackedStringArray = [
		"127.0.0.1", "10.0.0.1", "169.254.3.4", "fe80::1%eth0", "2001:db8:0:0:0:0:0:1", "::1", ""
	]

	var found := OwnAddresses.list(hosts, 7)

	assert_eq(found.keys(), ["[2001:db8::1]:7", "10.0.0.1:7"], "addresses")
	assert_eq(found.values(), [HOST, HOST], "kinds")


func test_own_addresses_of_a_family_are_bounded() -> void:
	var hosts := PackedStringArray(["2001:db8::1"])
	for number in 20:
		hosts.append("10.0.0.%d" % number)

	assert_eq(OwnAddresses.list(hosts, 7).size(), 1 + 8, "addresses")
