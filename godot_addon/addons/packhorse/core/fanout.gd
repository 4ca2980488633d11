extends RefCounted
## Merges consecutive packets of the same bytes to several peers into one for all of them.
##
## Godot turns a broadcast into one send for each peer; the relay can multiply instead, so that
## a host at home uploads it once. What is sent keeps its order. Only an ordered lane has to choose:
## what goes to single peers and what goes to several is not ordered against each other, so that
## once a channel has been used for one of several peers, nothing ordered is merged on it any more.

const Constants := preload("../wire/constants.gd")

const _SEVERAL := 1 << 32  # no destination

var _targets: Dictionary[int, bool] = {}  # of the packets that are looked at
var _single_lanes: Dictionary[int, bool] = {}  # of the ordered mode


## Merges packets, each with its destination (0 all others, n, -n all but n) and lane beside it;
## [param others] are all other peers that can be addressed, two at least.
func merge(
	packets: Array[PackedByteArray],
	destinations: PackedInt32Array,
	lanes: PackedInt32Array,
	others: PackedInt32Array
) -> void:
	if destinations == others and _are_same(packets, lanes):  # one broadcast, as most often
		packets.resize(1)
		lanes.resize(1)
		destinations.resize(1)
		destinations[0] = 0
		return
	var kept := 0
	var from := 0
	while from < packets.size():
		var until := _end_of_run(packets, destinations, lanes, from)
		var merged := _destination(lanes[from], others) if _targets else destinations[from]
		if merged != _SEVERAL:
			destinations[from] = merged
		for place in range(from, until if merged == _SEVERAL else from + 1):
			packets[kept] = packets[place]
			destinations[kept] = destinations[place]
			lanes[kept] = lanes[place]
			kept += 1
		from = until
	packets.resize(kept)
	destinations.resize(kept)
	lanes.resize(kept)


func _are_same(packets: Array[PackedByteArray], lanes: PackedInt32Array) -> bool:
	var count := packets.size()
	var is_one := packets.count(packets[0]) == count and lanes.count(lanes[0]) == count
	return is_one and not _single_lanes.has(lanes[0])


## Returns where the packets end that are the same as the one at the place [param from], but for
## their targets; [member _targets] is empty when that has no single target.
func _end_of_run(
	packets: Array[PackedByteArray],
	destinations: PackedInt32Array,
	lanes: PackedInt32Array,
	from: int
) -> int:
	_targets.clear()
	var lane := lanes[from]
	var packet := packets[from]
	var place := from
	while place < packets.size():
		var target := destinations[place]
		if target <= 0 or lanes[place] != lane or _targets.has(target) or packets[place] != packet:
			break
		_targets[target] = true
		place += 1
	return maxi(place, from + 1)


## Returns the destination that is all of [member _targets].
func _destination(lane: int, others: PackedInt32Array) -> int:
	if _single_lanes.has(lane):
		return _SEVERAL
	var left_out := 0
	var missing := 0
	for peer in others:
		if not _targets.has(peer):
			left_out = peer
			missing += 1
	if _targets.size() > 1 and missing <= 1:
		return -left_out
	if lane >> 8 == Constants.Mode.UNRELIABLE_ORDERED:
		_single_lanes[lane] = true
	return _SEVERAL
