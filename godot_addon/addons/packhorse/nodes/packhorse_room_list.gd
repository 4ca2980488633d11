@icon("../icons/room_list.svg")
class_name PackhorseRoomList
extends Node
## Lists the public rooms of a relay: those whose hosts want everybody to see them.
##
## [codeblock]
## var list := PackhorseRoomList.new()
## add_child(list)
## list.rooms_listed.connect(func(rooms: Array[Dictionary]) -> void: print(rooms))
## list.list_rooms("relay.example.org")
## [/codeblock]

## Emitted with the rooms, in ascending code. Each has [code]code[/code] as people see it,
## [code]peers[/code] and [code]max_peers[/code], [code]password[/code], [code]approval[/code] and
## [code]locked[/code], and [code]metadata[/code], up to 512 bytes that its host chose: a stranger's
## words.
signal rooms_listed(rooms: Array[Dictionary])
## Emitted when the list cannot be had; within [method list_rooms] when that is given what cannot be
## read.
signal listing_failed(error: PackhorseError)

const _RoomCode := preload("../wire/room_code.gd")
const _RoomFinder := preload("../net/room_finder.gd")
const _RoomWish := preload("room_wish.gd")
const _Settings := preload("settings.gd")
const _Wish := preload("../core/wish.gd")

var _finder: _RoomFinder = null


func _process(_delta: float) -> void:
	if _finder == null:
		return
	_finder.poll(_now())
	if _finder.is_done:
		var rooms := _finder.rooms
		_finder = null
		for room in rooms:
			room["code"] = _RoomCode.show(str(room["code"]))
		rooms_listed.emit(rooms)
	elif _finder.error != null:
		var error := _finder.error
		_finder = null
		listing_failed.emit(error)


## Asks [param relay] (as in [method PackhorseMultiplayerPeer.create_room]) for its public rooms;
## of [param options], ticket, access key, transport, certificate and timeout count.
##
## [constant @GlobalScope.ERR_BUSY] while it already asks; [constant
## @GlobalScope.ERR_INVALID_PARAMETER] and [signal listing_failed] when there is no [param relay],
## or it or an option cannot be read.
func list_rooms(relay: String, options: PackhorseRoomOptions = null) -> Error:
	if _finder != null:
		return ERR_BUSY
	var text := _Settings.relay_or_default(relay)
	if not text:
		return _refuse(PackhorseError.Code.ADDRESS_MISSING)
	var used := _Settings.complete(options)
	var reach := _RoomWish.reach(text, used)
	var wish := _Wish.new()
	var fault := _RoomWish.fault(wish, reach, used)
	if fault:
		return _refuse(fault)
	_finder = _RoomFinder.new(wish, reach, _now() + used.connect_timeout)
	return OK


func _refuse(code: PackhorseError.Code) -> Error:
	listing_failed.emit(PackhorseError.from_code(code))
	return ERR_INVALID_PARAMETER


func _now() -> float:
	return Time.get_ticks_usec() / 1e6
