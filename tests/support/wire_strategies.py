"""Hypothesis strategies for values of the wire protocol, and for bytes that are almost good."""

from typing import Any, Final

from hypothesis import strategies as st

from packhorse.wire import constants as c
from packhorse.wire.fields import Field, FieldType
from packhorse.wire.messages import MESSAGE_CLASSES, Message
from packhorse.wire.msgpack_profile import Value

LARGEST_U32: Final = 2**32 - 1
SMALL_CONTAINER: Final = 3  # four levels of maps with three entries have 241 nodes
INTERESTING: Final = [
    *(bytes([lead]) for lead in range(0x80, 0x100)),
    *(bytes([lead]) + b"\xff" * 4 for lead in (0xC6, 0xC9, 0xDB, 0xDD, 0xDF)),
    *(bytes([lead]) + b"\xff" * 2 for lead in (0xC5, 0xC8, 0xDA, 0xDC, 0xDE)),
    b"\xcf" + b"\xff" * 8,
    b"\xd3\x80" + bytes(7),
    b"\xcb\x7f\xf8" + bytes(6),
    b"\x91" * 6,
    b"\x81\x00" * 6,
]

u32: Final = st.integers(0, LARGEST_U32)
keys: Final = st.binary(min_size=c.SESSION_KEY_SIZE, max_size=c.SESSION_KEY_SIZE)
profile_characters: Final = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
profile_text: Final = st.text(profile_characters, max_size=c.MSGPACK_MAX_STR).filter(
    lambda text: len(text.encode()) <= c.MSGPACK_MAX_STR
)
profile_scalars: Final = (
    st.none()
    | st.booleans()
    | st.integers(-(2**31), LARGEST_U32)
    | profile_text
    | st.binary(max_size=40)
    | st.sampled_from([256, 1180]).map(bytes)
)


def profile_values(depth: int = c.MSGPACK_MAX_DEPTH) -> st.SearchStrategy[Value]:
    """Return values within the msgpack profile, at most `depth` containers deep."""
    if depth == 0:
        return profile_scalars
    inner = profile_values(depth - 1)
    lists = st.lists(inner, max_size=SMALL_CONTAINER)
    maps = st.dictionaries(st.integers(0, c.MSGPACK_MAX_KEY), inner, max_size=SMALL_CONTAINER)
    return profile_scalars | lists | maps


def any_values() -> st.SearchStrategy[Any]:
    """Return values of which most are outside the profile."""
    scalars = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=300)
        | st.binary(max_size=1300)
    )
    map_keys = st.integers(-1, 130) | st.text(max_size=2) | st.booleans()
    return st.recursive(
        scalars, lambda inner: st.lists(inner) | st.dictionaries(map_keys, inner), max_leaves=300
    )


def field_values(field: Field) -> st.SearchStrategy[Any]:
    """Return values that a field accepts, None among them where it is optional."""
    values = _required_values(field)
    return st.none() | values if field.optional else values


def _required_values(field: Field) -> st.SearchStrategy[Any]:
    match field.type:
        case FieldType.UINT:
            return st.integers(field.minimum, field.maximum)
        case FieldType.BOOL:
            return st.booleans()
        case FieldType.BYTES:
            return _byte_strings(field)
        case FieldType.STR:
            return st.text(profile_characters, max_size=field.maximum).filter(field.accepts)
        case FieldType.RECORDS:
            records = st.tuples(*[u32] * field.width)
            return st.lists(records, max_size=field.maximum).map(tuple)


def _byte_strings(field: Field) -> st.SearchStrategy[bytes]:
    if field.sizes:
        sizes = st.sampled_from(field.sizes)
        return sizes.flatmap(lambda size: st.binary(min_size=size, max_size=size))
    longest = st.just(bytes(field.maximum))
    return st.binary(max_size=min(field.maximum, 64)) | longest


def messages_of(message_class: type[Message]) -> st.SearchStrategy[Message]:
    """Return messages of a class, built from its field table."""
    values = {field.name: field_values(field) for field in message_class.FIELDS}
    return st.fixed_dictionaries(values).map(lambda fields: message_class(**fields))


def messages_in(*carriers: c.FirstByte) -> st.SearchStrategy[Message]:
    """Return messages of every class that belongs into one of these datagrams."""
    classes = [cls for cls in MESSAGE_CLASSES.values() if cls.CARRIER in carriers]
    return st.one_of([messages_of(cls) for cls in classes])


ctrl_messages: Final = messages_in(c.FirstByte.CTRL)
seal_messages: Final = messages_in(c.FirstByte.SEAL)
messages: Final = ctrl_messages | seal_messages

# Bytes that look like msgpack: lead bytes, huge lengths and short values in any order.
almost_msgpack: Final = st.lists(
    st.sampled_from(INTERESTING) | st.binary(min_size=1, max_size=4), max_size=60
).map(b"".join)


@st.composite
def mutated(draw: st.DrawFn, originals: st.SearchStrategy[bytes]) -> bytes:
    """Return bytes near an original: cut, longer, or with some bytes replaced."""
    data = bytearray(draw(originals))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 4)))
        data[start:end] = draw(st.sampled_from(INTERESTING) | st.binary(max_size=3))
    return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)


@st.composite
def nudged(draw: st.DrawFn, originals: st.SearchStrategy[bytes]) -> bytes:
    """Return an original, which is not empty, with one byte replaced, removed or added."""
    data = bytearray(draw(originals))
    place = draw(st.integers(0, len(data) - 1))
    match draw(st.sampled_from(["replace", "remove", "add"])):
        case "replace":
            data[place] ^= draw(st.integers(1, 255))
        case "remove":
            del data[place]
        case _:
            data.insert(place, draw(st.integers(0, 255)))
    return bytes(data)
