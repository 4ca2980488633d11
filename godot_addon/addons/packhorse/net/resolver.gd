extends RefCounted
## Turns a name into IP addresses without blocking.

enum State { WAITING, FOUND, FAILED }

const _MAX_ADDRESSES := 4

## IP literals as the engine writes them, IPv6 and IPv4 in turn.
var addresses: Array[String] = []

var _item: int


func _init(host: String) -> void:
	_item = IP.resolve_hostname_queue_item(host, IP.TYPE_ANY)


func _notification(what: int) -> void:
	if what == NOTIFICATION_PREDELETE and _item != IP.RESOLVER_INVALID_ID:
		IP.erase_resolve_item(_item)


## Looks whether the answer has come.
func poll() -> State:
	if _item == IP.RESOLVER_INVALID_ID:
		return State.FAILED
	match IP.get_resolve_item_status(_item):
		IP.RESOLVER_STATUS_WAITING:
			return State.WAITING
		IP.RESOLVER_STATUS_DONE:
			_take(IP.get_resolve_item_addresses(_item))
	return State.FOUND if addresses else State.FAILED


func _take(found: Array) -> void:
	var families: Array[Array] = [[], []]
	for address: String in found:
		if address.is_valid_ip_address():
			families[0 if ":" in address else 1].append(address)
	addresses.clear()
	for index in _MAX_ADDRESSES:
		for family in families:
			if index < family.size() and addresses.size() < _MAX_ADDRESSES:
				addresses.append(family[index])
