extends RefCounted
## A datagram that counts as lost, but may yet prove to have arrived.

const Piece := preload("piece.gd")

var number: int
var pieces: Array[Piece]  ## What must arrive.
var overtaken_by: int  ## The largest number that was acknowledged when it was given up.


func _init(its_number: int, its_pieces: Array[Piece], largest_acked: int) -> void:
	number = its_number
	pieces = its_pieces
	overtaken_by = largest_acked
