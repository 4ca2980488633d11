extends RefCounted
## What waits for a WebSocket that takes less than is to be sent.
##
## Of DATA and FRAME the oldest gives way; CTRL and SEAL go before them.
## Source: protocol_spec/SPEC.md section 17.2.

const Constants := preload("../wire/constants.gd")

## Datagrams that gave way to newer ones.
var dropped := 0

var _control: Array[PackedByteArray] = []
var _data: Array[PackedByteArray] = []
var _next_data := 0  # pop_front() would move all that follow
var _data_bytes := 0


## Takes a datagram; false when too much of CTRL and SEAL waits: the connection is of no use.
func push(datagram: PackedByteArray) -> bool:
	if datagram[0] in [Constants.FirstByte.CTRL, Constants.FirstByte.SEAL]:
		_control.append(datagram)
		return _control.size() <= Constants.WS_QUEUE_CONTROL
	_data.append(datagram)
	_data_bytes += datagram.size()
	while _is_too_much():
		_take_data()
		dropped += 1
	return true


## Tells whether nothing waits.
func is_empty() -> bool:
	return not _control and _next_data == _data.size()


## Returns the datagram that goes next; call it only while not empty.
func pop() -> PackedByteArray:
	return _control.pop_front() if _control else _take_data()


## Forgets everything.
func clear() -> void:
	_control.clear()
	_data.clear()
	_next_data = 0
	_data_bytes = 0


func _is_too_much() -> bool:
	var count := _data.size() - _next_data
	return count > Constants.WS_QUEUE_DATAGRAMS or _data_bytes > Constants.WS_QUEUE_BYTES


func _take_data() -> PackedByteArray:
	var datagram := _data[_next_data]
	_next_data += 1
	_data_bytes -= datagram.size()
	if _next_data > Constants.WS_QUEUE_DATAGRAMS:
		_data = _data.slice(_next_data)
		_next_data = 0
	return datagram
