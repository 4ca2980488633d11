"""What holds for all values and all bytes, not only for those of the vectors."""

import dataclasses
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgpack
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from packhorse.wire import constants as c
from packhorse.wire.address import TransportAddress, decode_address, encode_address
from packhorse.wire.codec import decode_body, encode_body
from packhorse.wire.cookie import Offer, is_valid_cookie, make_cookie
from packhorse.wire.ctrl import decode_ctrl, encode_ctrl, encode_padded
from packhorse.wire.errors import ConfigurationError, LocalProtocolError, ParseError
from packhorse.wire.fields import Sender
from packhorse.wire.header import decode_header, encode_destination, encode_header
from packhorse.wire.legacy import LegacyDatagram, decode_legacy, encode_legacy
from packhorse.wire.messages import MESSAGE_CLASSES, Grant, Hello, Message
from packhorse.wire.msgpack_profile import Value, decode_value, encode_value
from packhorse.wire.room_code import encode_room_code, parse_room_code, show_room_code
from packhorse.wire.seal import ReplayWindow, decode_seal, encode_seal
from tests.support import wire_strategies as wire

MEMORY_LIMIT: Final = 64 * 1024  # bytes that refusing or reading a datagram may take
KEY: Final = bytes(range(32))
SYMBOLS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CARRIERS: Final = (c.FirstByte.CTRL, c.FirstByte.SEAL)

bodies: Final = wire.messages.map(encode_body)
packed: Final = wire.profile_values().map(encode_value)
any_bytes: Final = st.binary(max_size=c.MAX_DATAGRAM + 10)
hostile_values: Final = wire.mutated(packed) | wire.almost_msgpack | any_bytes
hostile_bodies: Final = wire.mutated(bodies) | wire.almost_msgpack | any_bytes
near_values: Final = wire.nudged(packed) | wire.mutated(packed)
kinds: Final = st.sampled_from(c.FirstByte)
tags: Final = st.integers(0, 255)


def is_refused(decode: Callable[[], object]) -> bool:
    """Tell whether the bytes are refused; any error but ParseError goes through."""
    try:
        decode()
    except ParseError:
        return True
    return False


def either_side(decode: Callable[[Any], Message]) -> Iterator[Message]:
    """Yield what each side's decoder accepts."""
    for sender in Sender:
        if not is_refused(lambda: decode(sender)):  # noqa: B023 - called at once
            yield decode(sender)


def exact(value: object) -> str:
    """Return a text that tells True from 1."""
    return repr(value)


# Values of the msgpack profile.


@given(value=wire.profile_values())
def test_profile_value_survives_the_way(value: Value) -> None:
    data = encode_value(value)

    decoded = decode_value(data)

    assert decoded == value
    assert encode_value(decoded) == data


@given(data=near_values)
def test_accepted_bytes_are_the_only_encoding_of_their_value(data: bytes) -> None:
    """MSG-3."""
    if is_refused(lambda: decode_value(data)):
        return

    assert encode_value(decode_value(data)) == data


@given(data=near_values)
def test_accepted_bytes_mean_the_same_to_the_msgpack_library(data: bytes) -> None:
    if is_refused(lambda: decode_value(data)):
        return

    assert exact(msgpack.unpackb(data, strict_map_key=False)) == exact(decode_value(data))


@given(value=wire.any_values())
def test_any_value_is_encoded_as_it_is_or_not_at_all(value: Any) -> None:
    try:
        data = encode_value(value)
    except LocalProtocolError:
        return

    assert decode_value(data) == value


@given(entries=st.dictionaries(st.integers(0, 127), wire.profile_scalars, max_size=5))
def test_order_in_which_a_map_was_filled_does_not_matter(entries: dict[int, Value]) -> None:
    turned = dict(reversed(entries.items()))

    assert encode_value(turned) == encode_value(entries)


# Messages.


@pytest.mark.parametrize("message_class", MESSAGE_CLASSES.values(), ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_message_survives_the_way(message_class: type[Message], data: st.DataObject) -> None:
    message = data.draw(wire.messages_of(message_class))

    body = encode_body(message)

    assert decode_body(body, message.CARRIER, message.SENDER) == message
    assert encode_body(message) == body


@given(message=wire.messages, key=st.integers(112, 127), value=wire.profile_values(depth=2))
def test_message_with_a_grease_key_is_read_as_without(
    message: Message, key: int, value: Value
) -> None:
    body = encode_body(message, {key: value})

    assert decode_body(body, message.CARRIER, message.SENDER) == message


@given(message=wire.messages, data=st.data())
def test_accepted_body_is_the_only_encoding_of_its_message(
    message: Message, data: st.DataObject
) -> None:
    """MSG-3; unknown keys are left out when a message is encoded again."""
    body = data.draw(wire.nudged(st.just(encode_body(message))))
    if is_refused(lambda: decode_body(body, message.CARRIER, message.SENDER)):
        return
    decoded = decode_body(body, message.CARRIER, message.SENDER)

    again = encode_body(decoded)

    held = decode_value(body)
    assert isinstance(held, dict)
    known = {0, *(field.key for field in decoded.FIELDS)}
    assert again == encode_value({key: held[key] for key in held if key in known})
    assert decode_body(again, message.CARRIER, message.SENDER) == decoded


@given(message=wire.ctrl_messages, transaction=wire.u32)
def test_ctrl_datagram_survives_the_way(message: Message, transaction: int) -> None:
    datagram = encode_ctrl(message, transaction)
    assume(len(datagram) <= c.MAX_DATAGRAM)

    assert decode_header(datagram) == (c.Kind.CTRL, 0, transaction)
    assert list(either_side(lambda sender: decode_ctrl(datagram, sender))) == [message]


@given(
    message=wire.messages_of(Hello) | wire.messages_of(Grant), wanted=st.integers(0, c.MAX_DATAGRAM)
)
def test_padded_datagram_is_as_large_as_wanted_or_one_short(
    message: Hello | Grant, wanted: int
) -> None:
    bare = dataclasses.replace(message, pad=None)
    plain = len(encode_ctrl(bare, 0))

    padded = len(encode_padded(bare, 0, wanted))

    largest = plain + 4 + c.MSGPACK_MAX_BIN
    reachable = min(max(wanted, plain), largest)
    least = plain if wanted < plain + 3 else reachable - 1  # two bytes hold no pad field
    assert least <= padded <= reachable


@given(message=wire.seal_messages, session=wire.u32, tag=tags, key=wire.keys)
def test_seal_datagram_survives_the_way(message: Any, session: int, tag: int, key: bytes) -> None:
    datagram = encode_seal(message, session, tag, key)

    assert decode_header(datagram) == (c.Kind.SEAL, tag, session)
    assert list(either_side(lambda sender: decode_seal(datagram, key, sender))) == [message]


@given(data=st.data(), message=wire.seal_messages, other_key=wire.keys)
def test_seal_datagram_that_was_touched_is_refused(
    data: st.DataObject, message: Any, other_key: bytes
) -> None:
    """SEAL-1."""
    datagram = encode_seal(message, 7, 9, KEY)
    touched = data.draw(wire.nudged(st.just(datagram)))
    assume(other_key != KEY)

    assert list(either_side(lambda sender: decode_seal(touched, KEY, sender))) == []
    assert list(either_side(lambda sender: decode_seal(datagram, other_key, sender))) == []


# Headers and small formats.


@given(first=kinds, tag=tags, word=wire.u32, payload=st.binary(min_size=1, max_size=1400))
def test_header_survives_the_way(first: c.FirstByte, tag: int, word: int, payload: bytes) -> None:
    tag = 0 if first is c.FirstByte.CTRL else tag
    encoded = encode_header(first, tag, word)

    header = decode_header(encoded + payload)

    assert header == (c.Kind[first.name], tag, word)
    assert encode_destination(first, tag, header.destination) == encoded
    assert header.source + header.is_fanout * c.FANOUT_BIT == word


@given(peer=st.integers(1, c.LEGACY_MAX_ID), payload=st.binary(max_size=1400))
def test_legacy_datagram_survives_the_way(peer: int, payload: bytes) -> None:
    assert decode_legacy(encode_legacy(peer, payload)) == LegacyDatagram(peer, payload)


@given(data=any_bytes | wire.nudged(st.just(encode_legacy(1, b"hi"))))
def test_accepted_legacy_datagram_is_the_only_encoding(data: bytes) -> None:
    if is_refused(lambda: decode_legacy(data)):
        return

    assert encode_legacy(*decode_legacy(data)) == data


@given(random=st.binary(min_size=5, max_size=5))
def test_room_code_holds_all_its_bits(random: bytes) -> None:
    code = encode_room_code(random)

    number = 0
    for symbol in code:
        number = number * 32 + SYMBOLS.index(symbol)
    assert number.to_bytes(5, "big") == random
    assert parse_room_code(show_room_code(code)) == code


@given(random=st.binary(min_size=5, max_size=5), data=st.data())
def test_room_code_is_read_however_it_is_typed(random: bytes, data: st.DataObject) -> None:
    code = encode_room_code(random)

    looks = {"0": "0oO", "1": "1iIlL"}
    typed = "".join(
        data.draw(st.sampled_from(["", "-", " ", "- "]))
        + data.draw(st.sampled_from(looks.get(symbol, symbol + symbol.lower())))
        for symbol in code
    )
    assert parse_room_code(typed) == code


@given(text=st.text() | st.text(SYMBOLS + "oil-\u017f\u0131\uff11", min_size=7, max_size=10))
def test_text_is_a_room_code_or_a_configuration_error(text: str) -> None:
    try:
        code = parse_room_code(text)
    except ConfigurationError:
        return

    assert parse_room_code(code) == code
    assert set(code) <= set(SYMBOLS)


@given(ip=st.ip_addresses(), port=st.integers(0, 65535))
def test_address_survives_the_way(ip: Any, port: int) -> None:
    assume(getattr(ip, "ipv4_mapped", None) is None)
    address = TransportAddress(str(ip), port)

    encoded = encode_address(address)

    assert len(encoded) in {6, 18}
    assert decode_address(encoded) == address


@given(data=st.binary(min_size=6, max_size=6) | st.binary(min_size=18, max_size=18))
@example(data=bytes(10) + b"\xff" * 8)
def test_address_of_the_right_size_is_always_readable(data: bytes) -> None:
    again = encode_address(decode_address(data))

    is_mapped = data[:12] == bytes(10) + b"\xff\xff" and len(data) == 18
    assert again == (data[12:] if is_mapped else data)


@given(
    made_at=st.integers(0, 2**32 - 20),
    age=st.integers(-3, 14),
    secret=wire.keys,
    nonce=st.binary(min_size=16, max_size=16),
    offer=st.builds(Offer, tags, tags, wire.u32),
)
def test_cookie_is_valid_for_its_lifetime(
    made_at: int, age: int, secret: bytes, nonce: bytes, offer: Offer
) -> None:
    """JOIN-3."""
    source = TransportAddress("192.0.2.7", 54321)
    cookie = make_cookie(secret, source, nonce, offer, now=made_at)

    is_valid = is_valid_cookie(cookie, secret, source, nonce, offer, now=made_at + age)

    assert is_valid == (0 <= age <= c.COOKIE_LIFETIME)


@given(data=st.data())
def test_cookie_that_was_touched_is_refused(data: st.DataObject) -> None:
    source, offer = TransportAddress("192.0.2.7", 1), Offer(1, 1, 0)
    cookie = make_cookie(KEY, source, bytes(16), offer, now=1000)
    touched = data.draw(wire.nudged(st.just(cookie)))

    assert not is_valid_cookie(touched, KEY, source, bytes(16), offer, now=1000)


@given(
    base=st.integers(70, wire.LARGEST_U32 - 300),
    steps=st.lists(st.integers(-70, 200) | st.integers(-3, 3), max_size=60),
)
def test_replay_window_remembers_exactly_the_newest_64(base: int, steps: list[int]) -> None:
    window = ReplayWindow()
    seen: set[int] = set()
    for step in steps:
        seq = base + step
        is_fresh = seq not in seen and seq > max(seen, default=0) - c.REPLAY_WINDOW
        assert window.accepts(seq) == is_fresh
        if is_fresh:
            window.mark(seq)
            seen.add(seq)


# Any bytes into every decoder.


@given(data=any_bytes | hostile_bodies, carrier=st.sampled_from(CARRIERS))
def test_any_bytes_raise_nothing_but_parse_errors(data: bytes, carrier: c.FirstByte) -> None:
    """MSG-1."""
    is_refused(lambda: decode_header(data))
    is_refused(lambda: decode_legacy(data))
    is_refused(lambda: decode_value(data))
    assert len(list(either_side(lambda sender: decode_body(data, carrier, sender)))) <= 1
    assert len(list(either_side(lambda sender: decode_ctrl(data, sender)))) <= 1
    assert not list(either_side(lambda sender: decode_seal(data, KEY, sender)))


@given(message=wire.messages, data=st.data())
def test_any_signed_bytes_raise_nothing_but_parse_errors(
    message: Message, data: st.DataObject
) -> None:
    """A member with a key may sign nonsense."""
    body = data.draw(wire.mutated(st.just(encode_body(message))))

    for carrier in CARRIERS:
        assert len(list(either_side(lambda sender: decode_body(body, carrier, sender)))) <= 1  # noqa: B023


@given(
    lead=st.sampled_from([0xC4, 0xC5, 0xC6, *range(0xC7, 0xCA), *range(0xD9, 0xE0)]),
    length=st.sampled_from([2**31, wire.LARGEST_U32, 65535, 1181, 65]) | wire.u32,
    prefix=st.sampled_from([b"", b"\x91" * 4, b"\x81\x00", b"\xdc\x00\x40"]),
    rest=st.binary(max_size=1300),
)
def test_declared_length_takes_no_memory(
    lead: int, length: int, prefix: bytes, rest: bytes
) -> None:
    """MSG-1."""
    data = prefix + bytes([lead]) + length.to_bytes(4, "big") + rest

    assert memory_of(lambda: decode_value(data)) < MEMORY_LIMIT


@given(data=hostile_values)
def test_any_bytes_take_little_memory(data: bytes) -> None:
    assert memory_of(lambda: decode_value(data)) < MEMORY_LIMIT


@pytest.mark.parametrize("lead", [b"\x91", b"\x81\x00", b"\xdc\x00\x40", b"\xde\x00\x40\x00"])
def test_nested_containers_take_little_memory(lead: bytes) -> None:
    data = (lead * c.MAX_DATAGRAM)[: c.MAX_DATAGRAM]

    assert memory_of(lambda: decode_value(data)) < MEMORY_LIMIT


def memory_of(decode: Callable[[], object]) -> int:
    """Return the bytes that decoding takes at its peak."""
    tracemalloc.start()
    try:
        is_refused(decode)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
