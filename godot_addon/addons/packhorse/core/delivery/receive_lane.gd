extends RefCounted
## One lane of one peer; what comes out keeps the promise of its mode.
##
## Source: protocol_spec/SPEC.md sections 16.6 and 16.7.

const Constants := preload("../../wire/constants.gd")
const Credit := preload("credit.gd")
const Frame := preload("../../wire/frame.gd")
const PeerMemory := preload("peer_memory.gd")
const Serial := preload("serial.gd")
const Unfinished := preload("unfinished.gd")

var _mode: int
var _is_reliable: bool
var _largest: int
var _memory: PeerMemory
var _credit: Credit
var _first: int  # reference of the first sequence
var _next := 0  # reliable: all before it are done; ordered: nothing before it is wanted
var _done: Dictionary[int, PackedByteArray] = {}  # complete but early; empty where delivered
var _unfinished: Dictionary[int, Unfinished] = {}
var _joined: PackedByteArray  # what _join() has completed


## Starts; [param first] is the reference of the first sequence (SPEC.md section 16.3).
func _init(mode: int, memory: PeerMemory, credit: Credit, first := 0) -> void:
	_first = first
	_mode = mode
	_is_reliable = mode >= Constants.Mode.RELIABLE
	_largest = Constants.MAX_UNRELIABLE_MESSAGE
	if _is_reliable:
		_largest = Constants.MAX_RELIABLE_MESSAGE
	_memory = memory
	_credit = credit


## Takes in the whole messages from the place [param index] on that are the very next ones while
## nothing else waits in the lane, which is most often so; returns how many. [param heads] and
## [param payloads] are those of a FrameDecoder.
func take_next(heads: PackedInt64Array, payloads: Array[PackedByteArray], index: int) -> int:
	if not _next or _done or _unfinished:
		return 0
	var whole := heads[index] & 0xFFFF0000  # mode and channel
	var room := _credit.room
	var arrived := 0
	var count := 0
	for at in range(index, heads.size()):
		if heads[at] != whole | _next & 0xFFFF:
			break
		if _is_reliable:
			var size := payloads[at].size() + Constants.MESSAGE_COST
			if arrived + size > room:
				break
			arrived += size
		_next += 1
		count += 1
	_credit.room -= arrived
	return count


## Takes in one whole message of [param size] bytes as [method take_next] does; false when it is not
## the very next one.
func take_lone(sequence: int, size: int) -> bool:
	if not _next or _done or _unfinished or sequence != _next & 0xFFFF:
		return false
	if _is_reliable:
		if size + Constants.MESSAGE_COST > _credit.room:
			return false
		_credit.room -= size + Constants.MESSAGE_COST
	_next += 1
	return true


## Appends to [param ready] the messages that [param frame] completes or lets through; returns why
## it was refused, or an empty name. A whole message of mode UNRELIABLE does not come here.
func receive(frame: Frame, ready: Array[PackedByteArray]) -> StringName:
	if frame.parts > 1 and (frame.parts - 1) * frame.payload.size() >= _largest:
		return Constants.DROP_BAD_FRAGMENT
	var sequence := Serial.expand(frame.sequence, _next if _next else _first)
	if _is_reliable:
		return _receive_reliable(sequence, frame, ready)
	return _receive_unreliable(sequence, frame, ready)


## Gives back all memory.
func close() -> void:
	for sequence: int in _unfinished.keys():
		_forget(sequence)
	for sequence in _done:
		_memory.release(_done[sequence].size(), 1)
	_done.clear()


func _receive_reliable(sequence: int, frame: Frame, ready: Array[PackedByteArray]) -> StringName:
	if sequence < _next or _done.has(sequence):
		return Constants.DROP_LATE_MESSAGE
	if sequence >= _next + Constants.LANE_WINDOW:
		return Constants.DROP_BAD_FRAGMENT
	var drop := _join(sequence, frame)
	if drop or frame.parts > 1 and _unfinished.has(sequence):
		return drop
	var is_early := sequence != _next
	var is_kept := is_early and _mode == Constants.Mode.RELIABLE
	if is_early and not _memory.acquire(_joined.size() if is_kept else 0, 1):
		return Constants.DROP_REASSEMBLY_FULL
	if frame.parts == 1:
		_credit.arrive(_joined.size() + Constants.MESSAGE_COST)
	if not is_kept:
		ready.append(_joined)
		_joined = PackedByteArray()
	if is_early:
		_done[sequence] = _joined
	else:
		_next += 1
		_release_done(ready)
	return &""


## Lets through what has waited for the message that is done now.
func _release_done(ready: Array[PackedByteArray]) -> void:
	while _done.has(_next):
		var message := _done[_next]
		_memory.release(message.size(), 1)
		if _mode == Constants.Mode.RELIABLE:
			ready.append(message)
		_done.erase(_next)
		_next += 1


func _receive_unreliable(sequence: int, frame: Frame, ready: Array[PackedByteArray]) -> StringName:
	var is_ordered := _mode == Constants.Mode.UNRELIABLE_ORDERED
	if is_ordered and sequence < _next:
		return Constants.DROP_LATE_MESSAGE
	var drop := _join(sequence, frame)
	if drop or frame.parts > 1 and _unfinished.has(sequence):
		return drop
	_next = maxi(_next, sequence + 1)
	if is_ordered:
		_forget_before(sequence)
	ready.append(_joined)
	_joined = PackedByteArray()
	return &""


## Takes in a frame; unless it is refused or its message stays unfinished, that is in
## [member _joined].
func _join(sequence: int, frame: Frame) -> StringName:
	if frame.parts > 1:
		return _join_piece(sequence, frame)
	if not _is_covered(frame.payload.size() + Constants.MESSAGE_COST):
		return Constants.DROP_REASSEMBLY_FULL
	if _unfinished.has(sequence):
		_forget(sequence)
	_joined = frame.payload
	return &""


func _join_piece(sequence: int, frame: Frame) -> StringName:
	var drop := &"" if _unfinished.has(sequence) else _start(sequence, frame)
	if drop:
		return drop
	var unfinished := _unfinished[sequence]
	drop = _add_piece(unfinished, frame)
	if not drop and unfinished.is_complete():
		_forget(sequence)
		_joined = unfinished.join()
	return drop


func _add_piece(unfinished: Unfinished, frame: Frame) -> StringName:
	var size := unfinished.size + frame.payload.size()
	if unfinished.count != frame.parts or size > _largest:
		return Constants.DROP_BAD_FRAGMENT
	if unfinished.has(frame.part):
		return Constants.DROP_LATE_MESSAGE
	var missing := maxi(0, size - unfinished.reserved)
	if not _is_covered(frame.payload.size()) or missing and not _memory.acquire(missing):
		return Constants.DROP_REASSEMBLY_FULL
	unfinished.reserved += missing
	unfinished.add(frame)
	if _is_reliable:
		_credit.arrive(frame.payload.size())
	return &""


func _is_covered(size: int) -> bool:
	return not _is_reliable or _credit.may_arrive(size)


## Sets memory aside for the whole message, so that what has begun can be finished.
func _start(sequence: int, frame: Frame) -> StringName:
	if not _is_covered(frame.payload.size() + Constants.MESSAGE_COST):
		return Constants.DROP_REASSEMBLY_FULL
	if not _is_reliable and not _make_place(sequence):
		return Constants.DROP_LATE_MESSAGE
	var payload := mini(frame.parts * frame.payload.size(), _largest)
	var size := maxi(payload, frame.parts * Constants.PIECE_COST)
	var messages := 0 if _is_reliable and sequence == _next else 1
	if not _memory.acquire(size, messages):
		return Constants.DROP_REASSEMBLY_FULL
	var unfinished := Unfinished.new(frame.parts, size, messages)
	_unfinished[sequence] = unfinished
	if _is_reliable:
		_credit.arrive(Constants.MESSAGE_COST)
	else:
		_memory.offer(unfinished, _forget.bind(sequence))
	return &""


## Gives up the oldest unfinished message if there are too many; false when this one is older.
func _make_place(sequence: int) -> bool:
	if sequence < _next - Constants.MAX_UNFINISHED:
		return false
	if _unfinished.size() < Constants.MAX_UNFINISHED:
		return true
	var oldest: int = _unfinished.keys().min()
	if sequence < oldest:
		return false
	_forget(oldest)
	return true


func _forget(sequence: int) -> void:
	var unfinished := _unfinished[sequence]
	_unfinished.erase(sequence)
	_memory.withdraw(unfinished)
	_memory.release(unfinished.reserved, unfinished.messages)


func _forget_before(sequence: int) -> void:
	for old: int in _unfinished.keys():
		if old < sequence:
			_forget(old)
