extends RefCounted
## Transport addresses on the wire: the IP (4 or 16 bytes), then the port, big-endian.
##
## Source: protocol_spec/SPEC.md section 4.

const _PORT_SIZE := 2  # bytes
const _IPV4_SIZE := 4  # bytes
const _IPV6_GROUPS := 8
const _LARGEST_PORT := 0xFFFF


## Returns the bytes of the address; empty when [param host] is no IP literal or [param port] is
## outside 0..65535. A zone ([code]%eth0[/code]) is left out.
static func encode(host: String, port: int) -> PackedByteArray:
	var data := _encode_host(host.get_slice("%", 0))
	if not data or port < 0 or port > _LARGEST_PORT:
		return PackedByteArray()
	data.append_array([port >> 8, port & 0xFF])
	return data


## Returns the IP literal of an address of 6 or 18 bytes.
static func host_of(data: PackedByteArray) -> String:
	if data.size() == _IPV4_SIZE + _PORT_SIZE:
		return "%d.%d.%d.%d" % [data[0], data[1], data[2], data[3]]
	return _show_ipv6(data)


## Returns the port of an address of 6 or 18 bytes.
static func port_of(data: PackedByteArray) -> int:
	return data[data.size() - 2] << 8 | data[data.size() - 1]


## Returns an address of 6 or 18 bytes as people write it: 192.0.2.1:6969, [2001:db8::1]:6969.
static func show(data: PackedByteArray) -> String:
	return join(host_of(data), port_of(data))


## Returns host and port as people write them; an IPv6 literal gets brackets.
static func join(host: String, port: int) -> String:
	var form := "[%s]:%d" if ":" in host else "%s:%d"
	return form % [host, port]


## Returns the bytes of an address as [method show] writes it; empty when it is none.
static func parse(text: String) -> PackedByteArray:
	var parts := text.rsplit(":", true, 1)
	if parts.size() < 2 or not parts[1].is_valid_int():
		return PackedByteArray()
	return encode(parts[0].trim_prefix("[").trim_suffix("]"), parts[1].to_int())


static func _encode_host(text: String) -> PackedByteArray:
	return _encode_ipv6(text) if ":" in text else _encode_ipv4(text)


static func _encode_ipv4(text: String) -> PackedByteArray:
	var data := PackedByteArray()
	var parts := text.split(".")
	if parts.size() != _IPV4_SIZE:
		return data
	for part in parts:
		var number := part.to_int() if part.length() <= 3 else -1
		if str(number) != part or number < 0 or number > 0xFF:
			return PackedByteArray()
		data.append(number)
	return data


static func _encode_ipv6(text: String) -> PackedByteArray:
	var halves := text.split("::")
	if halves.size() > 2:
		return PackedByteArray()
	var data := _encode_groups(halves[0])
	if halves.size() == 1:
		return data if data.size() == 2 * _IPV6_GROUPS else PackedByteArray()
	var tail := _encode_groups(halves[1])
	var is_bad := "." in halves[0] or (halves[0] and not data) or (halves[1] and not tail)
	var zeros := 2 * _IPV6_GROUPS - data.size() - tail.size()
	if is_bad or zeros < 2:
		return PackedByteArray()
	data.resize(data.size() + zeros)
	data.append_array(tail)
	return data


## Returns the bytes of groups between colons; the last may be an IPv4 literal. Empty when bad.
static func _encode_groups(text: String) -> PackedByteArray:
	var data := PackedByteArray()
	var groups := text.split(":") if text else PackedStringArray()
	for index in groups.size():
		var part := _encode_group(groups[index], index == groups.size() - 1)
		if not part:
			return part
		data.append_array(part)
	return data


static func _encode_group(text: String, is_last: bool) -> PackedByteArray:
	if is_last and "." in text:
		return _encode_ipv4(text)
	var is_short := text.length() in range(1, 5)
	if not is_short or not text.is_valid_hex_number() or text[0] in "+-":
		return PackedByteArray()
	var number := text.hex_to_int()
	return PackedByteArray([number >> 8, number & 0xFF])


static func _show_ipv6(data: PackedByteArray) -> String:
	var groups := PackedStringArray()
	for index in _IPV6_GROUPS:
		groups.append("%x" % (data[2 * index] << 8 | data[2 * index + 1]))
	var run := _longest_zeros(groups)
	if run.y < 2:
		return ":".join(groups)
	return ":".join(groups.slice(0, run.x)) + "::" + ":".join(groups.slice(run.x + run.y))


## Returns start and length of the first longest run of zero groups.
static func _longest_zeros(groups: PackedStringArray) -> Vector2i:
	var longest := Vector2i.ZERO
	var start := 0
	for index in groups.size():
		if groups[index] != "0":
			start = index + 1
		elif index + 1 - start > longest.y:
			longest = Vector2i(start, index + 1 - start)
	return longest
