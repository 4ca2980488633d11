"""Tests of the ways to a relay and the order in which they are tried."""

import errno

import pytest

from packhorse.aio.paths import candidates, describe
from packhorse.core.events import Path
from packhorse.core.relay_address import RelayAddress, Transport, parse_relay_address
from packhorse.wire.constants import WS_HEAD_START

ADDRESSES = [("2001:db8::1", 6969), ("192.0.2.1", 6969)]
RELAY = RelayAddress("relay.example")


def shown(relay: RelayAddress, transport: Transport) -> list[str]:
    return [str(path) for path, _ in candidates(relay, ADDRESSES, transport)]


def test_udp_comes_first_then_websocket_without_and_with_tls() -> None:
    assert shown(RELAY, Transport.AUTO) == [
        "UDP [2001:db8::1]:6969",
        "UDP 192.0.2.1:6969",
        "ws://relay.example:6969 at 2001:db8::1",
        "ws://relay.example:6969 at 192.0.2.1",
        "wss://relay.example:6969 at 2001:db8::1",
        "wss://relay.example:6969 at 192.0.2.1",
    ]


def test_udp_has_a_head_start_before_the_first_websocket() -> None:
    found = candidates(RELAY, ADDRESSES, Transport.AUTO)
    pauses = [pause for path, pause in found if path.kind is Path.RELAY_WEBSOCKET]

    assert pauses == [WS_HEAD_START, 0.25, 0.25, 0.25]


@pytest.mark.parametrize("transport", [Transport.AUTO, Transport.WEBSOCKET])
def test_address_of_a_websocket_is_tried_as_it_is_and_at_once(transport: Transport) -> None:
    relay = parse_relay_address("wss://relay.example:443/room")

    found = candidates(relay, ADDRESSES[1:], transport)

    assert [(str(path), pause) for path, pause in found] == [
        ("wss://relay.example:443/room at 192.0.2.1", 0.25)
    ]


def test_transport_limits_what_is_tried() -> None:
    assert shown(RELAY, Transport.UDP) == ["UDP [2001:db8::1]:6969", "UDP 192.0.2.1:6969"]
    assert all(text.startswith("ws") for text in shown(RELAY, Transport.WEBSOCKET))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TimeoutError(), "no answer"),
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 6969)"),
            "nothing takes connections there",
        ),
        (
            ConnectionRefusedError("the server is no Packhorse relay"),
            "the server is no Packhorse relay",
        ),
        (ConnectionResetError(), "the connection was closed"),
    ],
)
def test_failure_is_told_in_words(error: OSError, text: str) -> None:
    assert describe(error) == text
