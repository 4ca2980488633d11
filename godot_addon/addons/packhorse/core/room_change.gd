extends RefCounted
## What a host changes about its room while it runs.

const Proofs := preload("../wire/proofs.gd")

const Self := preload("room_change.gd")

const UNCHANGED := -1
const _NUMBERS: Array[StringName] = [&"topology", &"max_peers", &"locked", &"approval", &"listed"]

## A topology, only while the host is alone; or UNCHANGED.
var topology := UNCHANGED
## Size of the room, host included: 2..1024; or UNCHANGED.
var max_peers := UNCHANGED
## 1 to admit nobody, 0 to admit again; or UNCHANGED.
var locked := UNCHANGED
## 1 to be asked about each who wants to join, 0 not to be; or UNCHANGED.
var approval := UNCHANGED
## 1 to show the room to everybody who lists rooms, 0 not to; or UNCHANGED.
var listed := UNCHANGED
## What the list shows besides, up to 512 bytes; null leaves it as it is.
var metadata: Variant = null
## Key of the new password, 32 bytes; empty leaves it as it is.
var password_key := PackedByteArray()
## Nobody has to know a password any more.
var removes_password := false


## Returns this change and a later one as one.
func then(later: Self) -> Self:
	var both := Self.new()
	for name: StringName in _NUMBERS:
		both.set(name, get(name) if later.get(name) == UNCHANGED else later.get(name))
	both.metadata = metadata if later.metadata == null else later.metadata
	var is_kept := not later.password_key and not later.removes_password
	both.password_key = password_key if is_kept else later.password_key
	both.removes_password = removes_password if is_kept else not later.password_key
	return both


## Tells whether not everybody may join with these values.
func is_guarding() -> bool:
	return locked == 1 or approval == 1 or not password_key.is_empty()


## Tells whether all stays as it is.
func is_nothing() -> bool:
	return fields(PackedByteArray(), PackedByteArray()).is_empty()


## Returns the fields of SET_ROOM; [param nonce] is not looked at without a new password.
func fields(
	session_key: PackedByteArray, nonce: PackedByteArray
) -> Dictionary[StringName, Variant]:
	var changed: Dictionary[StringName, Variant] = {}
	if topology != UNCHANGED:
		changed[&"topology"] = topology
	if max_peers != UNCHANGED:
		changed[&"max_peers"] = max_peers
	if locked != UNCHANGED:
		changed[&"locked"] = locked == 1
	if approval != UNCHANGED:
		changed[&"approval"] = approval == 1
	if listed != UNCHANGED:
		changed[&"listed"] = listed == 1
	if metadata != null:
		changed[&"metadata"] = metadata
	if password_key:
		changed[&"nonce"] = nonce
		changed[&"password"] = Proofs.mask_key(password_key, session_key, nonce)
	if removes_password:
		changed[&"no_password"] = true
	return changed
