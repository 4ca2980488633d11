extends RefCounted
## Which datagrams of a peer have arrived, and when to say so: drops duplicates and makes
## acknowledgements.
##
## Source: protocol_spec/SPEC.md sections 16.6 and 16.8.

const Constants := preload("../../wire/constants.gd")
const Frames := preload("../../wire/frames.gd")
const Serial := preload("serial.gd")

const _WINDOW := Constants.NUMBER_WINDOW
const _LAST_AGE := _WINDOW - 1
const _WORDS := _WINDOW >> 5
const _WORD_MASK := 0xFFFFFFFF

## When an acknowledgement must go out, clock seconds; INF for never.
var ack_at := INF
## Numbers that fell out of the window without having arrived.
var missed := 0
## Numbers that fell out of the window.
var expected := 0

var _largest := -1
var _largest_at := 0.0
var _words := PackedInt64Array()  # 32 bits each; see _place()
var _unacked := 0  # that asked
var _oldest_untold := -1  # arrived since the last acknowledgement; -1 when none has


func _init() -> void:
	_words.resize(_WORDS)


## Returns the integer that 16 bits on the wire stand for.
func expand(short: int) -> int:
	return Serial.expand(short, maxi(_largest, 0))


## Tells whether a number has not arrived before and is not too old to tell.
func is_new(number: int) -> bool:
	var age := _largest - number
	return number >= 0 and (age < 0 or age < _WINDOW and not _has(number))


## Takes in a new number.
func accept(number: int, asks_ack: bool, now: float) -> void:
	var step := number - _largest
	if step > 0:
		_advance(step)
		_largest = number
		_largest_at = now
	var place := -number & _LAST_AGE
	_words[place >> 5] |= 1 << (place & 31)
	if _oldest_untold < 0 or number < _oldest_untold:
		_oldest_untold = number
	if asks_ack:
		_schedule(step == 1, now)


## Acknowledges at once: a duplicate shows that the last acknowledgement was lost.
func demand_ack(now: float) -> void:
	if _largest >= 0:
		ack_at = now


## Appends the acknowledgement of all that arrived; it counts as sent.
func append_ack(buffer: PackedByteArray, now: float) -> void:
	var untold := 0 if _oldest_untold < 0 else _largest - _oldest_untold
	var bits := clampi(untold, Constants.ACK_REACH, _LAST_AGE)
	_oldest_untold = -1
	ack_at = INF
	_unacked = 0
	Frames.append_ack(buffer, _largest, now - _largest_at, _bitmap(bits))


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
	ack_at = minf(ack_at, now if is_urgent else now + Constants.ACK_DELAY)
