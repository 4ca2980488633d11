"""The relay's configuration: flags win over the environment, the environment over the file.

The keys are the fields of `RelayConfig`, and in the table `[limits]` those of `Settings`.
"""

import dataclasses
import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, cast, get_origin, get_type_hints

from packhorse.core.relay_address import DEFAULT_PORT
from packhorse.wire.address import MAX_PORT
from packhorse.wire.errors import ConfigurationError
from packhorse_relay.config_values import Key, Value, from_text, from_toml, to_toml
from packhorse_relay.core.settings import PROFILES, Settings, range_of
from packhorse_relay.dataplane.choice import ATTACH_NAMES
from packhorse_relay.dataplane.choice import NAMES as DATAPLANES

ENVIRONMENT_PREFIX: Final = "PACKHORSE_RELAY_"
LIMITS: Final = "limits"  # the table of the file that holds the fields of Settings
_MAX_FILE: Final = 1 << 20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayConfig:
    """Everything that an operator may set, but for the limits."""

    profile: str = field(default="home", metadata={"choices": tuple(PROFILES)})
    """What the limits are before any of them is set."""
    bind: tuple[str, ...] = ()
    """Addresses to listen on; none means every IPv4 and IPv6 address."""
    port: int = field(default=DEFAULT_PORT, metadata={"range": (0, MAX_PORT)})
    """UDP port, and TCP port for WebSocket; 0 takes a free one."""
    stun_port: int = field(default=-1, metadata={"range": (-1, MAX_PORT)})
    """Second UDP port, for STUN only; -1 takes the one after `port` if it is free, 0 none."""
    legacy: bool = False
    """Also speak the legacy protocol."""
    dataplane: str = field(default="auto", metadata={"choices": DATAPLANES})
    """How datagrams are forwarded."""
    kernel_attach: str = field(default="tcx", metadata={"choices": ATTACH_NAMES})
    """How the data plane `kernel` gets at datagrams."""
    admin: str = ""
    """`ADDR:PORT` or `PORT` of the admin listener; empty means none."""
    admin_names: tuple[str, ...] = ()
    """Host names under which the status page may be asked for, besides addresses."""
    admin_token_file: str = ""
    """File that holds the admin token; empty means `admin-token` in the state directory."""
    state_dir: str = ""
    """Folder for the secret; empty means that of systemd, or the user's."""
    log_format: str = field(default="text", metadata={"choices": ("text", "json")})
    """How log lines look."""
    log_level: str = field(
        default="warning", metadata={"choices": ("debug", "info", "warning", "error")}
    )
    """The least important lines that are logged."""
    websocket: bool = True
    """Also take members over WebSocket, on the TCP port of the same number."""
    tls_cert: str = ""
    """PEM file with the certificate chain."""
    tls_key: str = ""
    """PEM file with its private key, which its owner and group may read; TLS takes both."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses of reverse proxies whose `X-Forwarded-For` is believed."""
    ticket_key: str = ""
    """File with the key that signs tickets; empty means that tickets do not count."""
    ticket_app: tuple[str, ...] = ()
    """Applications whose tickets count; none means all."""
    access_key_file: str = ""
    """File with the key that all who may use the relay share; empty means none."""


class Loaded(NamedTuple):
    """A configuration, and where each value came from."""

    config: RelayConfig
    settings: Settings
    origins: Mapping[str, str]
    """Key to `file`, `environment` or `flag`; keys that nobody set are left out."""


def load_config(
    path: Path | None,
    environment: Mapping[str, str],
    flags: Mapping[str, Value],
    texts: Mapping[str, str],
) -> Loaded:
    """Combine the sources.

    Args:
        path: The file; None when there is none.
        environment: Variables; those that begin with `PACKHORSE_RELAY_` count.
        flags: Values of flags that were given, by key.
        texts: Values given as text by `--set`, by key.

    Raises:
        ConfigurationError: A source cannot be read, names an unknown key or holds a
            wrong value.
    """
    by_origin = {
        "file": {} if path is None else _from_file(path),
        "environment": dict(_from_environment(environment)),
        "flag": dict(flags) | dict(_from_texts(texts)),
    }
    values: dict[str, Value] = {}
    origins: dict[str, str] = {}
    for origin, found in by_origin.items():
        values |= found
        origins |= dict.fromkeys(found, origin)
    config = _config_of(values)
    return Loaded(config, _settings_of(values, _profile(config)), origins)


def config_text(loaded: Loaded) -> str:
    """Write a configuration as a file that would give it; says where values came from."""
    lines = list(_lines(loaded.config, loaded.origins))
    lines += ["", f"[{LIMITS}]", *_lines(loaded.settings, loaded.origins)]
    return "\n".join(lines) + "\n"


def keys_of(cls: type) -> dict[str, Key]:
    """Return the keys that the fields of a dataclass give."""
    hints = get_type_hints(cls)
    return {each.name: _key(each, hints[each.name]) for each in dataclasses.fields(cls)}


def _key(each: "dataclasses.Field[Any]", hint: type) -> Key:
    least, most = each.metadata.get("range", range_of(each.name))
    return Key(
        name=each.name,
        kind=get_origin(hint) or hint,
        default=cast("Value", each.default),
        choices=each.metadata.get("choices", ()),
        least=least,
        most=most,
    )


def _from_file(path: Path) -> dict[str, Value]:
    place = f"in {path}"
    table = _read_toml(path)
    limits = table.pop(LIMITS, {})
    if not isinstance(limits, dict):
        raise ConfigurationError(f"{LIMITS} is no table {place}", f"write [{LIMITS}] above them")
    values = dict(_from_table(table, CONFIG_KEYS, LIMIT_KEYS, f"belongs below [{LIMITS}]", place))
    above = f"belongs above [{LIMITS}]"
    return values | dict(_from_table(limits, LIMIT_KEYS, CONFIG_KEYS, above, place))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_FILE).decode()
        return tomllib.loads(text)
    except OSError as error:
        advice = "--config takes a TOML file that the relay may read"
        raise ConfigurationError(f"cannot read {path}: {error.strerror}", advice) from None
    except (ValueError, RecursionError) as error:  # also of numbers with thousands of digits
        advice = 'a line is KEY = VALUE, with texts in quotes: log_level = "info"'
        raise ConfigurationError(f"{path} is no TOML: {error}", advice) from None


def _from_table(
    table: Mapping[str, object],
    keys: Mapping[str, Key],
    elsewhere: Mapping[str, Key],
    advice: str,
    place: str,
) -> Iterator[tuple[str, Value]]:
    for name, value in table.items():
        if name in elsewhere:
            raise ConfigurationError(
                f"{name} stands in the wrong place {place}", f"{name} {advice}"
            )
        yield name, from_toml(_find(name, keys, place), value, place)


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, Value]]:
    for variable, text in environment.items():
        name = variable.removeprefix(ENVIRONMENT_PREFIX)
        if name == variable or not text:
            continue
        place = f"in the environment variable {variable}"
        key = _find(name.lower(), ALL_KEYS, place)
        yield key.name, from_text(key, text, place)


def _from_texts(texts: Mapping[str, str]) -> Iterator[tuple[str, Value]]:
    for name, text in texts.items():
        key = _find(name, ALL_KEYS, "in --set")
        yield key.name, from_text(key, text, "in --set")


def _find(name: str, keys: Mapping[str, Key], place: str) -> Key:
    key = keys.get(name)
    if key is not None:
        return key
    close = difflib.get_close_matches(name, ALL_KEYS, n=1)
    advice = f"did you mean {close[0]}?" if close else "--print-config lists all keys"
    raise ConfigurationError(f"unknown key {name!r} {place}", advice)


def _config_of(values: Mapping[str, Value]) -> RelayConfig:
    mine: dict[str, Any] = {name: values[name] for name in CONFIG_KEYS if name in values}
    config = RelayConfig(**mine)
    if bool(config.tls_cert) != bool(config.tls_key):
        missing = "tls_key" if config.tls_cert else "tls_cert"
        raise ConfigurationError(f"{missing} is missing", "TLS takes both tls_cert and tls_key")
    return config


def _profile(config: RelayConfig) -> Settings:
    """Return the limits that nobody has to set; a key that is given is meant to be asked for."""
    profile = PROFILES[config.profile]
    has_key = bool(config.ticket_key or config.access_key_file)
    if has_key and profile.tickets == "off":
        return dataclasses.replace(profile, tickets="create")
    return profile


def _settings_of(values: Mapping[str, Value], profile: Settings) -> Settings:
    mine: dict[str, Any] = {name: values[name] for name in LIMIT_KEYS if name in values}
    return dataclasses.replace(profile, **mine)


def _lines(config: RelayConfig | Settings, origins: Mapping[str, str]) -> Iterator[str]:
    for name in keys_of(type(config)):
        origin = f"  # {origins[name]}" if name in origins else ""
        yield f"{name} = {to_toml(getattr(config, name))}{origin}"


CONFIG_KEYS: Final = keys_of(RelayConfig)
LIMIT_KEYS: Final = keys_of(Settings)
ALL_KEYS: Final = CONFIG_KEYS | LIMIT_KEYS
