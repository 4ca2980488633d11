"""Tests of relay addresses and invites as people type them."""

import pytest

from packhorse.core.relay_address import (
    DEFAULT_PORT,
    Invite,
    RelayAddress,
    parse_invite,
    parse_relay_address,
)
from packhorse.wire.errors import ConfigurationError
from packhorse.wire.room_code import RoomCode

CODE = RoomCode("K7QM2XPA")


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("relay.example", "relay.example", DEFAULT_PORT),
        ("relay.example:7000", "relay.example", 7000),
        ("  relay.example:1\n", "relay.example", 1),
        ("192.0.2.1:65535", "192.0.2.1", 65535),
        ("relay.example:", "relay.example", DEFAULT_PORT),
        ("[2001:db8::1]:7000", "2001:db8::1", 7000),
        ("[2001:db8::1]", "2001:db8::1", DEFAULT_PORT),
        ("2001:db8::1", "2001:db8::1", DEFAULT_PORT),
        ("::1", "::1", DEFAULT_PORT),
    ],
)
def test_address_is_read_in_every_usual_form(text: str, host: str, port: int) -> None:
    assert parse_relay_address(text) == RelayAddress(host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":7000",
        "[]:7000",
        "a b",
        "relay/room",
        "me@relay",
        "[::1]7000",
        "[::1",
        "::1]",
        "[[::1]]",
        "re\tlay",
        "relay\0.example",
        "relay:0",
        "relay:000001",
        "relay:" + "1" * 5000,  # more digits than int() takes
        "relay:65536",
        "relay:-1",
        "relay:seven",
        "relay:\u0667\u0667",
        "[::1]:x",
    ],
)
def test_anything_else_is_refused_with_advice(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_relay_address(text)

    assert repr(text) in str(caught.value)
    assert caught.value.advice == "write it as host or host:port, an IPv6 address as [::1]:6969"


@pytest.mark.parametrize("text", ["ws://relay.example", "wss://relay.example/room"])
def test_websocket_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is a WebSocket address") as caught:
        parse_relay_address(text)

    assert "UDP" in caught.value.advice


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (RelayAddress("relay.example"), "relay.example:6969"),
        (RelayAddress("2001:db8::1", 7000), "[2001:db8::1]:7000"),
    ],
)
def test_address_is_shown_in_a_form_that_can_be_read_again(
    address: RelayAddress, text: str
) -> None:
    assert str(address) == text
    assert parse_relay_address(text) == address


def test_invite_may_be_a_code_alone() -> None:
    assert parse_invite(" k7qm-2xpa ") == Invite(CODE, None)


def test_invite_may_name_the_relay() -> None:
    invite = parse_invite("K7QM-2XPA@[::1]:7000")

    assert invite == Invite(CODE, RelayAddress("::1", 7000))


@pytest.mark.parametrize("text", ["", "K7QM", "K7QM-2XPU", "K7QM2XPA@", "K7QM2XPA@relay:0"])
def test_invite_with_a_wrong_part_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_invite(text)

    assert caught.value.advice
