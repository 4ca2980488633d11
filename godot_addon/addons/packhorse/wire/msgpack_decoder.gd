extends RefCounted
## Reads one value of the msgpack profile; refuses what general decoders take.
##
## Nothing is allocated for a declared length before it was compared with what remains.

const Constants := preload("constants.gd")
const Utf8 := preload("utf8.gd")

const _MAX_UINT := 0xFFFFFFFF
const _MIN_INT := -0x80000000
## Largest number that a form with 1, 2 or 4 bytes is too long for.
const _NEXT_SHORTER: Array[int] = [0x7F, 0xFF, 0xFFFF]
## Smallest number that a form with 1, 2, 4 or 8 bytes is too long for; no form has 6.
const _NEXT_SHORTER_SIGNED: Array[int] = [-0x20, -0x80, -0x8000, 0, _MIN_INT]
const _UINT_WIDTHS: Dictionary[int, int] = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
const _INT_WIDTHS: Dictionary[int, int] = {0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
## Lead byte to [width of the length, smallest length that needs this form].
const _STR_FORMS: Dictionary[int, Array] = {0xD9: [1, 32], 0xDA: [2, 256], 0xDB: [4, 65536]}
const _BIN_FORMS: Dictionary[int, Array] = {0xC4: [1, 0], 0xC5: [2, 256], 0xC6: [4, 65536]}
const _ARRAY_FORMS: Dictionary[int, Array] = {0xDC: [2, 16], 0xDD: [4, 65536]}
const _MAP_FORMS: Dictionary[int, Array] = {0xDE: [2, 16], 0xDF: [4, 65536]}

## The value; null also when there is none.
var result: Variant = null
## Why there is no value; empty when there is one.
var drop := &""

var _data: PackedByteArray
var _position := 0
var _nodes := 0


func _init(data: PackedByteArray) -> void:
	_data = data


## Decodes the bytes given to the constructor; call it once.
func run() -> void:
	result = _value(0)
	if not drop and _position != _data.size():
		drop = Constants.DROP_TRAILING_BYTES
	if drop:
		result = null


## Reads a value that lies within [param depth] containers. As everywhere below, what it returns
## means nothing when [member drop] is set.
func _value(depth: int) -> Variant:
	if not _count_node() or not _has(1):
		return null
	var lead := _data[_position]
	_position += 1
	if lead <= 0x7F:
		return lead
	if lead >= 0xE0:
		return lead - 0x100
	if lead <= 0xBF:
		return _short(lead, depth)
	if lead <= 0xC3 or _UINT_WIDTHS.has(lead) or _INT_WIDTHS.has(lead):
		return _scalar(lead)
	return _sized(lead, depth)


## Reads what has its length in the lead byte.
func _short(lead: int, depth: int) -> Variant:
	if lead <= 0x8F:
		return _map(lead & 0x0F, depth)
	if lead <= 0x9F:
		return _array(lead & 0x0F, depth)
	return _str(lead & 0x1F)


func _scalar(lead: int) -> Variant:
	if _UINT_WIDTHS.has(lead):
		return _unsigned(_UINT_WIDTHS[lead])
	if _INT_WIDTHS.has(lead):
		return _signed(_INT_WIDTHS[lead])
	if lead == 0xC1:
		_refuse(Constants.DROP_FORBIDDEN_TYPE)
	if lead <= 0xC1:
		return null
	return lead == 0xC3


## Reads what has a length of its own behind the lead byte.
func _sized(lead: int, depth: int) -> Variant:
	if _STR_FORMS.has(lead):
		return _str(_length(_STR_FORMS[lead]))
	if _BIN_FORMS.has(lead):
		return _bin(_length(_BIN_FORMS[lead]))
	if _ARRAY_FORMS.has(lead):
		return _array(_length(_ARRAY_FORMS[lead]), depth)
	if _MAP_FORMS.has(lead):
		return _map(_length(_MAP_FORMS[lead]), depth)
	_refuse(Constants.DROP_FORBIDDEN_TYPE)
	return null


func _unsigned(width: int) -> int:
	var number := _big_endian(width)
	if drop:
		return 0
	if width == 8:
		# From 2^63 on, the number comes out negative here.
		var is_small := number >= 0 and number <= _MAX_UINT
		_refuse(Constants.DROP_NOT_SHORTEST if is_small else Constants.DROP_OUT_OF_RANGE)
	elif number <= _NEXT_SHORTER[width >> 1]:
		_refuse(Constants.DROP_NOT_SHORTEST)
	return number


func _signed(width: int) -> int:
	var number := _big_endian(width)
	if drop:
		return 0
	var sign_bit := 1 << (8 * width - 1)
	if width < 8 and number & sign_bit:
		number -= sign_bit << 1
	if number >= _NEXT_SHORTER_SIGNED[width >> 1]:
		_refuse(Constants.DROP_NOT_SHORTEST)
	elif number < _MIN_INT:
		_refuse(Constants.DROP_OUT_OF_RANGE)
	return number


func _length(form: Array) -> int:
	var width: int = form[0]
	var smallest: int = form[1]
	var length := _big_endian(width)
	if not drop and length < smallest:
		_refuse(Constants.DROP_NOT_SHORTEST)
	return length


func _str(length: int) -> String:
	var bytes := _take(length, Constants.MSGPACK_MAX_STR)
	if drop:
		return ""
	if not Utf8.is_valid(bytes):
		_refuse(Constants.DROP_BAD_UTF8)
		return ""
	return Utf8.decode(bytes)


func _bin(length: int) -> PackedByteArray:
	return _take(length, Constants.MSGPACK_MAX_BIN)


func _array(count: int, depth: int) -> Array:
	var items := []
	if not _may_open(count, count, depth):
		return items
	for _index in count:
		items.append(_value(depth + 1))
		if drop:
			break
	return items


func _map(count: int, depth: int) -> Dictionary:
	var map := {}
	if not _may_open(count, 2 * count, depth):
		return map
	var previous := -1
	for _index in count:
		previous = _key(previous)
		if drop:
			break
		map[previous] = _value(depth + 1)
		if drop:
			break
	return map


func _key(previous: int) -> int:
	if not _count_node() or not _has(1):
		return 0
	var key := _data[_position]
	_position += 1
	if key > Constants.MSGPACK_MAX_KEY:
		_refuse(Constants.DROP_BAD_KEY)
	elif key <= previous:
		_refuse(Constants.DROP_KEY_ORDER)
	return key


## Tells whether a container of [param count] items may be read; sets [member drop] if not.
func _may_open(count: int, least_bytes: int, depth: int) -> bool:
	if drop:
		return false
	if depth >= Constants.MSGPACK_MAX_DEPTH:
		_refuse(Constants.DROP_TOO_DEEP)
	elif count > Constants.MSGPACK_MAX_ITEMS:
		_refuse(Constants.DROP_TOO_MANY_ITEMS)
	else:
		_has(least_bytes)
	return not drop


func _count_node() -> bool:
	_nodes += 1
	if _nodes > Constants.MSGPACK_MAX_NODES:
		_refuse(Constants.DROP_TOO_MANY_NODES)
	return not drop


func _take(length: int, longest: int) -> PackedByteArray:
	if drop:
		return PackedByteArray()
	if length > longest:
		_refuse(Constants.DROP_TOO_LONG)
		return PackedByteArray()
	if not _has(length):
		return PackedByteArray()
	_position += length
	return _data.slice(_position - length, _position)


func _big_endian(width: int) -> int:
	if not _has(width):
		return 0
	var number := 0
	for _index in width:
		number = number << 8 | _data[_position]
		_position += 1
	return number


## Tells whether [param count] bytes remain; sets [member drop] if not.
func _has(count: int) -> bool:
	if count > _data.size() - _position:
		_refuse(Constants.DROP_TRUNCATED)
	return not drop


func _refuse(reason: StringName) -> void:
	if not drop:
		drop = reason
