extends RefCounted
## Cookies, worked out from the specification alone, for the vectors: members never make any.

const PERIOD := 60  ## seconds; then the key changes
const LIFETIME := 10  ## seconds
const SIZE := 20  ## bytes
const LABEL := "packhorse.v1 cookie key"


## Returns the cookie made at [param made_at] (seconds) for [param address] as on the wire.
static func make(
	secret: PackedByteArray,
	address: PackedByteArray,
	nonce: PackedByteArray,
	offer: PackedByteArray,
	made_at: int
) -> PackedByteArray:
	var crypto := Crypto.new()
	var label := LABEL.to_ascii_buffer() + u32(floori(made_at / float(PERIOD)))
	var key := crypto.hmac_digest(HashingContext.HASH_SHA256, secret, label)
	var signed := address + nonce + offer + u32(made_at)
	var mac := crypto.hmac_digest(HashingContext.HASH_SHA256, key, signed)
	return u32(made_at) + mac.slice(0, SIZE - 4)


## Tells whether [param cookie] is good at [param now] (seconds).
static func is_valid(
	cookie: PackedByteArray,
	secret: PackedByteArray,
	address: PackedByteArray,
	nonce: PackedByteArray,
	offer: PackedByteArray,
	now: int
) -> bool:
	if cookie.size() != SIZE:
		return false
	var age := now - time_of(cookie)
	if age < 0 or age > LIFETIME:
		return false
	return cookie == make(secret, address, nonce, offer, time_of(cookie))


## Returns when a cookie of the right size says it was made, seconds.
static func time_of(cookie: PackedByteArray) -> int:
	return cookie[0] << 24 | cookie[1] << 16 | cookie[2] << 8 | cookie[3]


## Returns four bytes, big-endian.
static func u32(number: int) -> PackedByteArray:
	return PackedByteArray(
		[number >> 24 & 0xFF, number >> 16 & 0xFF, number >> 8 & 0xFF, number & 0xFF]
	)
