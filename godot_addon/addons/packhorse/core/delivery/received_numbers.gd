extends RefCounted
## Which datagrams of a peer have arrived, and when to say so: drops duplicates and makes
## acknowledgements.
##
## Source: protocol_spec/SPEC.md sections 16.6 and 16.8.

const Constants := preload("../../wire/constants.gd")
const Frames := preload("../../wire/frames.gd")
const Serial := preload("serial.gd")
const ToldNumbers := preload("told_numbers.gd")

const _WINDOW := Constants.NUMBER_WINDOW
const _LAST_AGE := _WINDOW - 1
const _WORDS := _WINDOW >> 5
const _WORD_MASK := 0xFFFFFFFF
const _NUMBER_AT := Constants.HEADER_SIZE + 1  # in a FRAME datagram
const _SMALLEST_LONE := Constants.HEADER_SIZE + Frames.NUMBER_SIZE + 4  # bytes, with every head
const _MAX_OVERDUE := 16  # acknowledgements; the oldest gives way

## When an acknowledgement must go out, clock seconds; INF for never. Take them until it is later.
var ack_at := INF
## Numbers that fell out of the window without having arrived.
var missed := 0
## Numbers that fell out of the window.
var expected := 0

var _first: int  # reference of the first number
var _prefix: int  # first byte of a payload
var _mask: int  # what of it has to be so in one that is taken the short way
var _largest := -1
var _largest_at := 0.0
var _words := PackedInt64Array()  # 32 bits each; see _place()
var _unacked := 0  # that asked
var _due_at := INF  # of what is not told yet
var _overdue: Array[ToldNumbers] = []
var _oldest_untold := -1  # arrived since the last acknowledgement; -1 when none has


## Starts; [param first] is the reference of the first number (SPEC.md section 16.3). A payload for
## [method lone_number] begins with [param prefix], in which [param flags] may be set besides.
func _init(first := 0, prefix := 0, flags := 0) -> void:
	_first = first
	_prefix = prefix
	_mask = ~flags
	_words.resize(_WORDS)


## Returns the integer that 16 bits on the wire stand for.
func expand(short: int) -> int:
	return Serial.expand(short, _largest if _largest >= 0 else _first)


## Tells whether a number has not arrived before and is not too old to tell.
func is_new(number: int) -> bool:
	var age := _largest - number
	return number >= 0 and (age < 0 or age < _WINDOW and not _has(number))


## Returns the integer that 16 bits on the wire stand for if [method is_new], else -1.
func expand_new(short: int) -> int:
	var number := _largest + 1
	if number and number & 0xFFFF == short:  # the very next one, as most often
		return number
	number = expand(short)
	return number if is_new(number) else -1


## Returns the number of a FRAME datagram that is long enough for a message and begins as it has to,
## if it [method is_new], else -1.
func lone_number(datagram: PackedByteArray) -> int:
	if datagram.size() < _SMALLEST_LONE or datagram[Constants.HEADER_SIZE] & _mask != _prefix:
		return -1
	return expand_new(datagram[_NUMBER_AT] << 8 | datagram[_NUMBER_AT + 1])


## Takes in a new number.
func accept(number: int, asks_ack: bool, now: float) -> void:
	var step := number - _largest
	var place := -number & _LAST_AGE
	if step > 0:
		if _due_at < INF and _oldest_untold >= 0 and number - _oldest_untold >= _WINDOW:
			_tell_before_it_falls()
		if step > 1:
			_advance(step)
		elif number >= _WINDOW:
			expected += 1
			missed += 1 - (_words[place >> 5] >> (place & 31) & 1)
		_largest = number
		_largest_at = now
	_words[place >> 5] |= 1 << (place & 31)
	if _oldest_untold < 0 or number < _oldest_untold:
		_oldest_untold = number
	if asks_ack:
		_schedule(step == 1, now)


## Acknowledges at once: PING measures, and a duplicate shows that the last one was lost.
func demand_ack(now: float) -> void:
	if _largest >= 0:
		_schedule_at(now)


## Appends the next acknowledgement; it counts as sent.
func append_ack(buffer: PackedByteArray, now: float) -> void:
	if _overdue:
		var told: ToldNumbers = _overdue.pop_front()
		Frames.append_ack(buffer, told.largest, now - told.largest_at, told.bitmap)
	else:
		Frames.append_ack(buffer, _largest, now - _largest_at, _take_untold())
	_schedule_at(_due_at)


## Returns the bitmap of an acknowledgement of all that has arrived; it counts as told.
func _take_untold() -> PackedInt64Array:
	var untold := 0 if _oldest_untold < 0 else _largest - _oldest_untold
	_oldest_untold = -1
	_due_at = INF
	_unacked = 0
	return _bitmap(clampi(untold, Constants.ACK_REACH, _LAST_AGE))


## Makes an acknowledgement that is due while it still reaches all it has to tell of.
func _tell_before_it_falls() -> void:
	var told := ToldNumbers.new()
	told.largest = _largest
	told.largest_at = _largest_at
	told.bitmap = _take_untold()
	_overdue.append(told)
	if _overdue.size() > _MAX_OVERDUE:
		_overdue.pop_front()
	_schedule_at(_due_at)


func _schedule_at(at: float) -> void:
	_due_at = at
	ack_at = _overdue[0].largest_at if _overdue else at


## Numbers lie in the ring from the newest to the oldest, as in an acknowledgement.
func _place(number: int) -> int:
	return -number & _LAST_AGE


func _has(number: int) -> bool:
	var place := _place(number)
	return _words[place >> 5] >> (place & 31) & 1 == 1


func _advance(step: int) -> void:
	for number in range(_largest + 1, _largest + mini(step, _WINDOW) + 1):
		var place := -number & _LAST_AGE
		var bit := 1 << (place & 31)
		var word := _words[place >> 5]
		if number >= _WINDOW:
			expected += 1
			missed += 0 if word & bit else 1
		_words[place >> 5] = word & ~bit
	var never_seen := maxi(0, step - _WINDOW)
	expected += never_seen
	missed += never_seen


func _bitmap(bits: int) -> PackedInt64Array:
	var first := _place(_largest - 1)
	var bitmap := PackedInt64Array()
	for start in range(0, bits, 32):
		var place := first + start & _LAST_AGE
		var index := place >> 5
		var word := _words[index] | _words[(index + 1) % _WORDS] << 32
		bitmap.append(word >> (place & 31) & _WORD_MASK)
	if bits & 31:
		bitmap[-1] &= (1 << (bits & 31)) - 1
	return bitmap


func _schedule(is_in_order: bool, now: float) -> void:
	_unacked += 1
	var is_urgent := not is_in_order or _unacked >= Constants.ACK_EVERY
	var at := now if is_urgent else now + Constants.ACK_DELAY
	if at < _due_at:
		_schedule_at(at)
