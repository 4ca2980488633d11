"""One value of the configuration: from text or TOML to the type of its key."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from packhorse.wire.errors import ConfigurationError

Value = bool | int | float | str | tuple[str, ...]
"""What a key may be set to."""

_WORDS: Final = {"true": True, "yes": True, "on": True, "1": True} | {
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of the configuration."""

    name: str
    kind: type
    """`bool`, `int`, `float`, `str`, or `tuple` for a list of texts."""
    default: Value
    choices: tuple[str, ...] = ()
    """Of a text; empty when any will do."""
    least: float = -math.inf
    most: float = math.inf

    @property
    def wanted(self) -> str:
        """What it takes, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.kind in (int, float):
            return _NAMES[self.kind] + self._range()
        return _NAMES[self.kind]

    def _range(self) -> str:
        if math.isinf(self.least) and math.isinf(self.most):
            return ""
        most = f" to {self.most:g}" if math.isfinite(self.most) else " or more"
        return f", {self.least:g}{most}"


def from_toml(key: Key, value: object, place: str) -> Value:
    """Check a value that a TOML file holds.

    Args:
        key: What it is for.
        value: As `tomllib` gives it.
        place: Where it stands, for the message.

    Raises:
        ConfigurationError: It has another type or is out of range.
    """
    if key.kind is float and type(value) is int and abs(value) <= sys.float_info.max:
        value = float(value)
    if key.kind is tuple and isinstance(value, list) and all(type(v) is str for v in value):
        value = tuple(value)
    if type(value) is not key.kind:
        raise _wrong(key, value, place)
    return _checked(key, cast("Value", value), place)


def from_text(key: Key, text: str, place: str) -> Value:
    """Read a value from an environment variable or a flag.

    Raises:
        ConfigurationError: It does not say what the key takes, or is out of range.
    """
    try:
        value = _READERS[key.kind](text.strip())
    except (KeyError, ValueError):
        raise _wrong(key, text, place) from None
    return _checked(key, value, place)


def to_toml(value: Value) -> str:
    """Write a value as TOML does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(to_toml(each) for each in value)}]"
    return _quoted(value) if isinstance(value, str) else repr(value)


def _checked(key: Key, value: Value, place: str) -> Value:
    most = min(key.most, sys.float_info.max)
    if isinstance(value, int | float) and not key.least <= value <= most:
        raise _wrong(key, value, place)
    if key.choices and value not in key.choices:
        raise _wrong(key, value, place)
    return value


def _wrong(key: Key, value: object, place: str) -> ConfigurationError:
    problem = f"{key.name} is {value!r} {place}, must be {key.wanted}"
    example = f"{key.name} = {to_toml(key.default)}"
    return ConfigurationError(problem, f"the default is: {example}")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def _items(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


_NAMES: Final = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple: "a list of texts",
}
_READERS: Final[dict[type, Callable[[str], Value]]] = {
    bool: lambda text: _WORDS[text.lower()],
    int: int,
    float: float,
    str: str,
    tuple: _items,
}
