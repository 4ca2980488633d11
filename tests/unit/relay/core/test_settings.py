"""Tests of the settings: their defaults are the numbers of the specification."""

import math
from dataclasses import fields

import pytest

from packhorse.wire import constants as c
from packhorse.wire.errors import ConfigurationError
from packhorse_relay.core.settings import Settings


@pytest.mark.parametrize(
    ("name", "constant"),
    [
        ("max_datagram", c.MAX_DATAGRAM_DEFAULT),
        ("hello_rate", c.HELLO_RATE),
        ("reply_rate", c.REPLY_RATE),
        ("reply_rate_total", c.REPLY_RATE_TOTAL),
        ("create_rate", c.CREATE_RATE),
        ("join_rate", c.JOIN_RATE),
        ("join_failures", c.JOIN_FAILURES),
        ("join_failures_total", c.JOIN_FAILURES_TOTAL),
        ("block_first", c.BLOCK_FIRST),
        ("block_longest", c.BLOCK_LONGEST),
        ("rooms_per_source", c.ROOMS_PER_SOURCE),
        ("sessions_per_source", c.SESSIONS_PER_SOURCE),
        ("max_rooms", c.MAX_ROOMS),
        ("max_sessions", c.MAX_SESSIONS),
        ("max_peers", c.MAX_PEERS),
        ("ping_interval", c.PING_INTERVAL),
        ("lost_after", c.LOST_AFTER),
        ("client_removed_after", c.CLIENT_REMOVED_AFTER),
        ("host_removed_after", c.HOST_REMOVED_AFTER),
        ("websocket_connections_per_source", c.WS_CONNECTIONS_PER_SOURCE),
        ("websocket_max_connections", c.WS_CONNECTIONS),
        ("websocket_accept_rate", c.WS_ACCEPT_RATE),
        ("websocket_control_rate", c.WS_CONTROL_RATE),
        ("websocket_open_timeout", c.WS_OPEN_TIMEOUT),
        ("websocket_join_timeout", c.WS_JOIN_TIMEOUT),
        ("websocket_stall_timeout", c.WS_STALL_TIMEOUT),
    ],
)
def test_setting_has_the_default_of_the_specification(name: str, constant: float) -> None:
    assert getattr(Settings(), name) == constant


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_datagram", 255), ("max_peers", 1025), ("ping_interval", 0.05), ("lost_after", 0.5)],
)
def test_setting_that_grant_cannot_carry_is_refused(name: str, value: float) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Settings(**{name: value})  # type: ignore[arg-type]


def test_tickets_are_asked_of_nobody_unless_the_operator_says_so() -> None:
    assert Settings().tickets == "off"
    with pytest.raises(ConfigurationError, match="off, create, all"):
        Settings(tickets="some")


@pytest.mark.parametrize(("peer", "seconds"), [(1, 120), (2, 60), (64, 60)])
def test_host_is_kept_longer_than_clients(peer: int, seconds: float) -> None:
    assert Settings().removed_after(peer) == seconds


@pytest.mark.parametrize("name", ["client_removed_after", "host_removed_after"])
def test_peer_that_would_be_removed_before_it_is_lost_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Settings(**{"lost_after": 20, name: 19})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [each.name for each in fields(Settings) if each.name != "tickets"])
def test_limit_below_zero_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Settings(**{name: -1})  # type: ignore[arg-type]


def test_rate_that_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="hello_rate"):
        Settings(hello_rate=math.nan)
