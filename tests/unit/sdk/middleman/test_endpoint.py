"""Addresses of applications as people type them."""

import pytest

from packhorse.middleman.endpoint import Endpoint, parse_endpoint, resolve_all
from packhorse.wire.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("6942", Endpoint("127.0.0.1", 6942)),
        (" 0 ", Endpoint("127.0.0.1", 0)),
        ("localhost:6942", Endpoint("localhost", 6942)),
        ("192.0.2.1:65535", Endpoint("192.0.2.1", 65535)),
        ("[::1]:6942", Endpoint("::1", 6942)),
        ("[fe80::1%eth0]:6942", Endpoint("fe80::1%eth0", 6942)),
    ],
)
def test_endpoint_is_read(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text) == endpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "host",
        "host:",
        ":6942",
        "[]:6942",
        "::1",
        "::1:6942",
        "65536",
        "-1",
        "1:2:3",
        "٣",
        "1" * 5000,
    ],
)
def test_anything_else_is_refused_with_advice(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_endpoint(text)

    assert repr(text) in str(caught.value)
    assert "[::1]:6942" in caught.value.advice


@pytest.mark.parametrize("text", ["127.0.0.1:6942", "[::1]:6942"])
def test_endpoint_is_shown_as_it_is_typed(text: str) -> None:
    assert str(parse_endpoint(text)) == text


async def test_what_cannot_be_a_name_is_refused_with_advice() -> None:
    with pytest.raises(ConfigurationError, match=r"'no\.\.where' cannot be resolved") as caught:
        await resolve_all(Endpoint("no..where", 6942))

    assert "use an IP address" in caught.value.advice
