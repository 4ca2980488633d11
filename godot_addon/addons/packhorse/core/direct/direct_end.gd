extends RefCounted
## What one side chose for what comes to it directly; it stands in its OFFER.

const Message := preload("../../wire/message.gd")
const Self := preload("direct_end.gd")

const _SHARE_SIZE := 16  # bytes

var tag: int
var connection: int
var share: PackedByteArray


## Chooses at random; [param random_bytes] returns as many bytes as it is asked for.
static func choose(random_bytes: Callable) -> Self:
	var end := Self.new()
	var number: PackedByteArray = random_bytes.call(4)
	end.connection = number[0] << 24 | number[1] << 16 | number[2] << 8 | number[3]
	number = random_bytes.call(1)
	end.tag = number[0]
	end.share = random_bytes.call(_SHARE_SIZE)
	return end


## Returns that of the sender of an OFFER.
static func of(offer: Message) -> Self:
	var end := Self.new()
	end.tag = offer.number(&"tag")
	end.connection = offer.number(&"connection")
	end.share = offer.bytes(&"share")
	return end


## Tells whether both are the same.
func equals(other: Self) -> bool:
	return tag == other.tag and connection == other.connection and share == other.share
