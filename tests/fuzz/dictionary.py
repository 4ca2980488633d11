"""Words that a fuzzer cannot guess: first bytes, the starts of messages, limits."""

from collections.abc import Iterator
from pathlib import Path

from packhorse.wire import constants as c
from packhorse.wire.constants import FirstByte, Mode
from packhorse.wire.messages import MESSAGE_CLASSES
from tests.support.scripted_relay import GRANT


def write_dictionary(path: Path) -> None:
    """Write a dictionary in the form that libFuzzer reads."""
    escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in sorted(set(words())))
    path.write_text("".join(f'"{word}"\n' for word in escaped), "ascii")


def words() -> Iterator[bytes]:
    """Yield the words."""
    yield from (bytes([first]) for first in FirstByte)
    yield c.LEGACY_PREFIX.to_bytes(2, "big")
    yield from _message_starts()
    yield from (number.to_bytes(4, "big") for number in (1, c.FANOUT_BIT, (1 << 32) - 1))
    yield from (number.to_bytes(2, "big") for number in (c.MAX_DATAGRAM, 0xFFFF, 0x8000))
    yield bytes([FirstByte.SEAL, GRANT.tag]) + GRANT.session.to_bytes(4, "big")
    yield from (bytes([mode << 5 | flags]) for mode in Mode for flags in (0, 4, 0x10, 0x1C))
    yield from (b"\xc4\x10", b"\xc4\x14", b"\xc4\x20", b"\xde\x00\x10", b"\xce\x7f\xff\xff\xff")
    yield from (b"K7QM2XPA", b"@", b"[::1]", b":6969", b"wss://")


def _message_starts() -> Iterator[bytes]:
    """Yield the map with the required fields, key 0 and the type of each message."""
    for message_type, message in MESSAGE_CLASSES.items():
        required = sum(not field.optional for field in message.FIELDS)
        for count in {1 + required, 1 + len(message.FIELDS)}:
            yield bytes([0x80 | count & 0xF, 0, message_type])
        yield from (bytes([field.key]) for field in message.FIELDS)
