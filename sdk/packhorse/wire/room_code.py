"""Room codes: 8 symbols of Crockford's base32, easy to read out and to type."""

from typing import Final, NewType

from packhorse.wire.constants import CODE_LENGTH
from packhorse.wire.errors import ConfigurationError

RoomCode = NewType("RoomCode", str)

CODE_BYTES: Final = 5  # 8 symbols of 5 bits
_SYMBOLS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_NO_BREAK_SPACES: Final = "\u00a0\u202f"
_SEPARATORS: Final = str.maketrans("", "", "- " + _DASHES + _NO_BREAK_SPACES)
_LOOKALIKES: Final = str.maketrans("OIL", "011")


def encode_room_code(random: bytes) -> RoomCode:
    """Return the canonical code of 5 bytes.

    Source: protocol_spec/SPEC.md section 5.
    """
    number = int.from_bytes(random[:CODE_BYTES], "big")
    shifts = range(5 * (CODE_LENGTH - 1), -1, -5)
    return RoomCode("".join(_SYMBOLS[number >> shift & 31] for shift in shifts))


def decode_room_code(code: RoomCode) -> bytes:
    """Return the 5 bytes of a canonical code."""
    number = 0
    for symbol in code:
        number = number << 5 | _SYMBOLS.index(symbol)
    return number.to_bytes(CODE_BYTES, "big")


def is_room_code(text: str) -> bool:
    """Tell whether `text` is a code in canonical form."""
    return len(text) == CODE_LENGTH and all(symbol in _SYMBOLS for symbol in text)


def parse_room_code(text: str) -> RoomCode:
    """Return the canonical form of what a person typed.

    Case, hyphens and dashes, spaces and white space around it do not matter; O reads as 0,
    I and L as 1. Letters outside ASCII are refused, though the upper case of some is a symbol.

    Source: protocol_spec/SPEC.md section 5.

    Raises:
        ConfigurationError: It is no room code.
    """
    typed = text.strip().translate(_SEPARATORS)
    canonical = typed.upper().translate(_LOOKALIKES)
    if not typed.isascii() or not is_room_code(canonical):
        raise ConfigurationError(
            f"{text!r} is no room code",
            "a room code has 8 letters and digits, like K7QM-2XPA; U is never one of them",
        )
    return RoomCode(canonical)


def show_room_code(code: str) -> str:
    """Return the code as people see it: K7QM-2XPA."""
    return f"{code[:4]}-{code[4:]}"
