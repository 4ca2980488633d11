"""Tests of single values of the configuration."""

import math
import tomllib

import pytest

from packhorse.wire.errors import ConfigurationError
from packhorse_relay.config_values import Key, Value, from_text, from_toml, to_toml

PORT = Key(name="port", kind=int, default=6969, least=0, most=65535)
RATE = Key(name="rate", kind=float, default=5.0, least=0)
LEVEL = Key(name="level", kind=str, default="info", choices=("info", "debug"))
SWITCH = Key(name="switch", kind=bool, default=False)
BIND = Key(name="bind", kind=tuple, default=())
HERE = "in x.toml"


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        (PORT, "0", 0),
        (PORT, " 65535 ", 65535),
        (RATE, "2.5", 2.5),
        (LEVEL, "debug", "debug"),
        (SWITCH, "Yes", True),
        (SWITCH, "0", False),
        (BIND, "::1, 127.0.0.1,", ("::1", "127.0.0.1")),
    ],
)
def test_text_becomes_the_value_that_the_key_takes(key: Key, text: str, value: Value) -> None:
    assert from_text(key, text, HERE) == value


@pytest.mark.parametrize(
    ("key", "value"),
    [(PORT, 1), (RATE, 2), (RATE, 2.5), (LEVEL, "info"), (SWITCH, True), (BIND, ["::1"])],
)
def test_toml_value_of_the_right_type_is_taken(key: Key, value: object) -> None:
    taken = from_toml(key, value, HERE)

    assert taken == (tuple(value) if isinstance(value, list) else value)
    assert type(taken) is key.kind


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (PORT, "6969"),
        (PORT, True),
        (PORT, 1.0),
        (PORT, -1),
        (PORT, 65536),
        (RATE, -0.1),
        (RATE, 10**400),  # more than a float holds
        (RATE, -(10**400)),
        (PORT, 10**400),
        (RATE, math.nan),
        (RATE, math.inf),
        (RATE, False),
        (LEVEL, "loud"),
        (LEVEL, 1),
        (SWITCH, 1),
        (BIND, "::1"),
        (BIND, [1]),
    ],
)
def test_wrong_toml_value_is_refused_with_key_place_and_default(key: Key, value: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        from_toml(key, value, HERE)

    assert str(caught.value).startswith(f"{key.name} is {value!r} {HERE}, must be ")
    assert key.wanted in str(caught.value)
    assert to_toml(key.default) in caught.value.advice


@pytest.mark.parametrize(
    ("key", "text"),
    [(PORT, "many"), (PORT, "70000"), (RATE, "nan"), (SWITCH, "perhaps"), (LEVEL, "")],
)
def test_wrong_text_is_refused(key: Key, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{key.name} is "):
        from_text(key, text, HERE)


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        (PORT, "a whole number, 0 to 65535"),
        (RATE, "a number, 0 or more"),
        (Key(name="x", kind=int, default=0), "a whole number"),
        (LEVEL, "one of info, debug"),
        (SWITCH, "true or false"),
        (BIND, "a list of texts"),
    ],
)
def test_what_a_key_takes_is_said_with_its_range(key: Key, wanted: str) -> None:
    assert key.wanted == wanted


@pytest.mark.parametrize(
    "value", [True, 7, 2.5, "", 'say "hi"\\', "tab\tline\n\x00\x7f", "naïve 😀", ("a", "b"), ()]
)
def test_toml_reads_back_what_was_written(value: Value) -> None:
    read = tomllib.loads(f"key = {to_toml(value)}")["key"]

    assert (tuple(read) if isinstance(read, list) else read) == value
