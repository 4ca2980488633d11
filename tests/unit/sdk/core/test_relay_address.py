"""Tests of relay addresses and invites as people type them."""

import pytest

from packhorse.core.relay_address import (
    DEFAULT_PORT,
    Invite,
    RelayAddress,
    check_transport,
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
    assert parse_relay_address(RelayAddress(host, port)) == RelayAddress(host, port)


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
    assert caught.value.advice.startswith("write it as host or host:port, an IPv6 address as [")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ws://relay.example", RelayAddress("relay.example", DEFAULT_PORT, "ws", "/v1")),
        ("ws://relay.example:7000/", RelayAddress("relay.example", 7000, "ws", "/v1")),
        ("wss://relay.example/room", RelayAddress("relay.example", DEFAULT_PORT, "wss", "/room")),
        ("wss://[::1]:443/a/b?c=d", RelayAddress("::1", 443, "wss", "/a/b?c=d")),
    ],
)
def test_websocket_address_keeps_scheme_and_path(text: str, address: RelayAddress) -> None:
    assert parse_relay_address(text) == address
    assert parse_relay_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    ["http://relay", "ws://", "ws:///v1", "wss://a b", "ws://me@x", "ws://x/\u00e9", "ws://x/a b"],
)
def test_other_urls_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="no relay address"):
        parse_relay_address(text)


def test_websocket_of_an_address_is_on_the_same_port() -> None:
    assert str(RelayAddress("relay.example", 7000).over("wss")) == "wss://relay.example:7000"


def test_address_of_a_websocket_stays_what_it_is() -> None:
    address = parse_relay_address("wss://relay.example:443/room")

    assert address.over("ws") is address


@pytest.mark.parametrize("name", ["udp", "ws", "auto"])
def test_transport_has_a_name(name: str) -> None:
    assert check_transport(name, RelayAddress("relay.example")) == name


def test_unknown_transport_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="no transport") as caught:
        check_transport("tcp", RelayAddress("relay.example"))

    assert "auto, udp, ws" in caught.value.advice


def test_websocket_address_cannot_be_reached_over_udp() -> None:
    with pytest.raises(ConfigurationError, match="cannot be reached over UDP"):
        check_transport("udp", parse_relay_address("ws://relay.example"))


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


@pytest.mark.parametrize(
    ("host", "requested"),
    [
        ("relay.example", "relay.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_request_names_the_host_in_ascii(host: str, requested: str) -> None:
    assert RelayAddress(host).requested_host == requested
