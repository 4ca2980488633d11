extends RefCounted
## A datagram with something that must arrive, and what was known when it was sent.

const Piece := preload("piece.gd")

var number: int
var sent_at: float  ## Clock seconds.
var size: int  ## Bytes of payload.
var pieces: Array[Piece]  ## What must arrive.
## The largest number that was acknowledged when this one was declared lost.
var overtaken_by := -1
var delivered := 0  ## Bytes acknowledged so far.
var delivered_at := 0.0  ## Clock seconds.
var first_sent_at := 0.0  ## Clock seconds.
var is_app_limited := false


func _init(its_number: int, its_size: int, its_pieces: Array[Piece], now: float) -> void:
	number = its_number
	size = its_size
	pieces = its_pieces
	sent_at = now
