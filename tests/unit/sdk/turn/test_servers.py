"""TURN servers as people write them."""

import pytest

from packhorse.turn.servers import Carried, ServerWay, ways_to
from packhorse.wire.errors import ConfigurationError

UDP, TCP, TLS = Carried


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("a.example", [(3478, UDP), (3478, TCP), (5349, TLS), (443, TLS)]),
        ("a.example:80", [(80, UDP), (80, TCP), (80, TLS)]),
        ("turn:a.example", [(3478, UDP)]),
        ("turn:a.example:80", [(80, UDP)]),
        ("turn:a.example?transport=udp", [(3478, UDP)]),
        ("turn:a.example:80?transport=tcp", [(80, TCP)]),
        ("turns:a.example", [(5349, TLS)]),
        ("turns:a.example:443?transport=tcp", [(443, TLS)]),
    ],
)
def test_server_is_reached_these_ways(text: str, ways: list[tuple[int, Carried]]) -> None:
    assert ways_to([text]) == [ServerWay("a.example", port, carried) for port, carried in ways]


@pytest.mark.parametrize("text", ["[::1]:80", "turn:[::1]:80"])
def test_ipv6_address_stands_in_brackets(text: str) -> None:
    way = ways_to([text])[0]

    assert way == ServerWay("::1", 80, UDP)
    assert str(way) == "UDP [::1]:80"


def test_bare_ipv6_address_has_the_default_ports() -> None:
    assert ways_to(["2001:db8::1"])[0] == ServerWay("2001:db8::1", 3478, UDP)


def test_host_named_turn_is_a_host() -> None:
    assert ways_to(["turn:3478"])[0] == ServerWay("turn", 3478, UDP)


def test_udp_of_all_servers_comes_before_tcp_before_tls_each_way_once() -> None:
    ways = ways_to(["a:1", "b:2", "turn:a:1"])

    assert [str(way) for way in ways] == [
        "UDP a:1",
        "UDP b:2",
        "TCP a:1",
        "TCP b:2",
        "TLS a:1",
        "TLS b:2",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":80",
        "a:0",
        "a:65536",
        "a:00000199999",  # begins like a port
        "a:x",
        "[::1",
        "[::1]80",
        "turn:[::1]x",
        "a b",
        "turn:a?transport=sctp",
        "turns:a?transport=udp",
        "turn:a?x=1",
        "user@a",
    ],
)
def test_malformed_server_is_refused_with_advice(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ways_to([text])

    assert "turns:host:port" in caught.value.advice


def test_no_server_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no TURN server"):
        ways_to([])
