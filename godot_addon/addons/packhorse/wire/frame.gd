extends RefCounted
## A frame of a FRAME datagram that carries a message or a piece of one.
##
## Source: protocol_spec/SPEC.md section 16.4.

var mode := 0  ## [enum Mode] of constants.gd.
var channel := 0  ## 0..255.
var sequence := 0  ## u16; of the message in its lane; 0 where the mode needs none.
var part := 0  ## Which piece, from 0.
var parts := 1  ## How many pieces; 1 for a whole message.
var payload := PackedByteArray()
