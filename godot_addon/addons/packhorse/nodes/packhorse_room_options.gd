@icon("../icons/room_options.svg")
class_name PackhorseRoomOptions
extends Resource
## How a room is created or joined; for [PackhorseMultiplayerPeer].

## Who may address whom in a room.
enum Topology {
	MESH,  ## Every peer sends to every other through the relay; all see each other.
	STAR,  ## Clients send to the host only, and Godot's host relays between them.
}

## What carries the datagrams between this peer and the relay.
enum Transport {
	AUTO,  ## UDP; WebSocket where UDP gets no answer for a second. In a browser, WebSocket.
	UDP,  ## UDP alone; not in a browser.
	WEBSOCKET,  ## WebSocket alone, as with a relay that is given as ws:// or wss://.
}

## Who may address whom in a new room; when joining, the room's own topology counts.
@export var topology := Topology.MESH
## Largest number of peers in a new room, host included: 2 to 1024, or 0 for the relay's default.
@export_range(0, 1024) var max_peers := 0
## Password of the room: who joins has to know the one of the host. It is never sent.
@export var password := ""
## Nobody is admitted to a new room until [method PackhorseMultiplayerPeer.set_room_options].
@export var locked := false
## The host is asked about each who wants to join: see [member PackhorseMultiplayerPeer.doorman].
@export var approve := false
## Who asks, when joining a room whose host decides: at most 64 bytes of UTF-8.
@export var player_name := ""
## Everybody who lists the relay's rooms sees this one and its code: for
## [method PackhorseMultiplayerPeer.set_room_options].
@export var listed := false
## What the list shows besides; at most 512 bytes of UTF-8.
@export var metadata := ""
## Ticket of the relay's operator, where the relay asks for one: the line that
## [code]packhorse ticket[/code] printed.
@export var ticket := ""
## Access key of the relay, where it asks for one. It is never sent.
@export var access_key := ""
## What carries the datagrams; whoever joins may choose another than the host.
@export var transport := Transport.AUTO
## Shows no address of this machine to the room, and sends everything through the relay. Otherwise
## peers learn each other's addresses, and send to each other directly where that works.
@export var relay_only := false
## Certificate that a relay over [code]wss[/code] may have, besides those that the system trusts:
## for relays with a self-signed one. In a browser, the browser decides.
@export var trusted_certificate: X509Certificate = null
## Seconds after which connecting is given up, above 0.
@export_range(1.0, 120.0, 0.5, "suffix:s") var connect_timeout := 15.0
## Trusts every certificate: anybody on the way can read and change the game. For tests alone; a
## browser does not let itself be told so.
var trusts_any_certificate := false
