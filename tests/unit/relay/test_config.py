"""Tests of the configuration: sources, their order, and what is wrong with them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from packhorse.wire.errors import ConfigurationError
from packhorse_relay.config import (
    ALL_KEYS,
    CONFIG_KEYS,
    ENVIRONMENT_PREFIX,
    LIMIT_KEYS,
    Loaded,
    RelayConfig,
    config_text,
    load_config,
)
from packhorse_relay.config_values import to_toml
from packhorse_relay.core.settings import PROFILES, Settings


def load(
    file: Path | None = None,
    environment: dict[str, str] | None = None,
    flags: dict[str, Any] | None = None,
    texts: dict[str, str] | None = None,
) -> Loaded:
    return load_config(file, environment or {}, flags or {}, texts or {})


def refusal(*args: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        load(*args)
    return caught.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "relay.toml"


def test_without_any_source_everything_has_its_default() -> None:
    assert load() == Loaded(RelayConfig(), Settings(), {})


def test_flags_win_over_the_environment_and_that_over_the_file(file: Path) -> None:
    file.write_text("port = 1\nlog_level = 'info'\n[limits]\nmax_rooms = 3\nmax_peers = 9\n")
    environment = {"PACKHORSE_RELAY_PORT": "2", "PACKHORSE_RELAY_MAX_ROOMS": "4"}

    loaded = load(file, environment, {"port": 5}, {"max_peers": "7"})

    assert (loaded.config.port, loaded.config.log_level) == (5, "info")
    assert (loaded.settings.max_rooms, loaded.settings.max_peers) == (4, 7)
    assert loaded.origins == {
        "port": "flag",
        "log_level": "file",
        "max_rooms": "environment",
        "max_peers": "flag",
    }


@pytest.mark.parametrize("name", sorted(LIMIT_KEYS))
def test_every_limit_can_be_set_in_every_source(file: Path, name: str) -> None:
    """Whoever adds a field to Settings need not touch the configuration."""
    default = LIMIT_KEYS[name].default
    file.write_text(f"[limits]\n{name} = {to_toml(default)}\n")
    text = to_toml(default).strip('"')

    variable = ENVIRONMENT_PREFIX + name.upper()

    assert load(file).origins == {name: "file"}
    assert load(None, {variable: text}).origins == {name: "environment"}
    assert load(None, {}, {}, {name: text}).origins == {name: "flag"}


def test_profile_gives_the_limits_that_nobody_set() -> None:
    loaded = load(None, {}, {}, {"profile": "public", "max_peers": "4"})

    assert loaded.settings == replace(PROFILES["public"], max_peers=4)
    assert loaded.settings.client_byte_rate < Settings().client_byte_rate


@pytest.mark.parametrize("name", ["ticket_key", "access_key_file"])
def test_key_that_is_given_is_asked_for_unless_the_operator_says_otherwise(name: str) -> None:
    assert load(None, {}, {}, {name: "x"}).settings.tickets == "create"
    assert load(None, {}, {}, {name: "x", "tickets": "all"}).settings.tickets == "all"
    assert load(None, {}, {}, {name: "x", "tickets": "off"}).settings.tickets == "off"


def test_public_relay_asks_for_tickets() -> None:
    assert load(None, {}, {}, {"profile": "public"}).settings.tickets == "create"
    assert load(None, {}, {}, {"profile": "public", "tickets": "off"}).settings.tickets == "off"


def test_no_key_has_two_meanings() -> None:
    assert len(ALL_KEYS) == len(CONFIG_KEYS) + len(LIMIT_KEYS)


def test_printed_configuration_is_one_that_gives_the_same(file: Path) -> None:
    loaded = load(None, {}, {"bind": ("::1",), "legacy": True}, {"max_rooms": "12"})
    file.write_text(config_text(loaded), "utf-8")

    again = load(file)

    assert again[:2] == loaded[:2]
    assert "max_rooms = 12  # flag" in config_text(loaded)


@pytest.mark.parametrize(
    ("content", "problem", "advice"),
    [
        ("prot = 1", "unknown key 'prot'", "did you mean port?"),
        ("[limits]\nmax_room = 1", "unknown key 'max_room'", "did you mean max_rooms?"),
        ("zzzz = 1", "unknown key 'zzzz'", "--print-config lists all keys"),
        ("max_rooms = 1", "wrong place", "belongs below [limits]"),
        ("[limits]\nport = 1", "wrong place", "belongs above [limits]"),
        ("limits = 1", "limits is no table", "write [limits]"),
        ("port = 'x'", "port is 'x'", "port = 6969"),
        ("[limits]\nmax_peers = 1025", "must be a whole number, 2 to 1024", "max_peers = 64"),
        ("log_format = 'xml'", "one of text, json", 'log_format = "text"'),
        ("port 1", "is no TOML", "KEY = VALUE"),
        ("tls_cert = 'x'", "tls_key is missing", "both"),
        ("[limits]\ntickets = 'some'", "one of off, create, all", 'tickets = "off"'),
        ("\xff", "is no TOML", "KEY = VALUE"),
        ("port = " + "9" * 5000, "is no TOML", "KEY = VALUE"),  # more digits than int() takes
        ("bind = " + "[" * 5000, "is no TOML", "KEY = VALUE"),
    ],
)
def test_wrong_file_is_refused_with_advice(
    file: Path, content: str, problem: str, advice: str
) -> None:
    file.write_bytes(content.encode("latin-1"))

    error = refusal(file)

    assert problem in str(error)
    assert advice in error.advice


def test_file_that_is_not_there_is_an_error(file: Path) -> None:
    assert "No such file" in str(refusal(file))


def test_misspelt_environment_variable_is_an_error() -> None:
    error = refusal(None, {"PACKHORSE_RELAY_PROT": "1"})

    assert "PACKHORSE_RELAY_PROT" in str(error)
    assert error.advice == "did you mean port?"


def test_empty_and_foreign_variables_are_left_alone() -> None:
    assert load(None, {"PACKHORSE_RELAY_PORT": "", "PORT": "x"}).origins == {}


def test_setting_an_unknown_key_is_an_error() -> None:
    assert "'max_room' in --set" in str(refusal(None, {}, {}, {"max_room": "1"}))


def test_settings_that_contradict_the_protocol_are_refused() -> None:
    assert "max_datagram" in str(refusal(None, {}, {}, {"max_datagram": "255"}))
