extends RefCounted
## The restricted msgpack of control messages: one encoding for every value.
##
## Source: protocol_spec/SPEC.md section 3. Values are null, bool, int, String, PackedByteArray,
## Array and Dictionary with keys 0..127. Decoding gives a decoder, because null is a value.

const Constants := preload("constants.gd")
const Decoder := preload("msgpack_decoder.gd")
const Encoder := preload("msgpack_encoder.gd")


## Decodes exactly one value that fills [param data]: look at the result's [code]drop[/code]
## before its [code]result[/code].
static func decode(data: PackedByteArray) -> Decoder:
	var decoder := Decoder.new(data)
	decoder.run()
	return decoder


## Returns the one encoding of [param value], keys in ascending order; empty when the value is
## outside the profile.
static func encode(value: Variant) -> PackedByteArray:
	var encoder := Encoder.new()
	encoder.append(value)
	# The decoder is the judge of sizes, counts, depth and keys.
	if not encoder.is_encodable or decode(encoder.output).drop:
		return PackedByteArray()
	return encoder.output
