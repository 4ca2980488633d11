"""What `open_pipe` and `listen_pipes` take."""

import pytest

from packhorse.pipes.targets import Scheme, Target, TargetLike, parse_listening, parse_target
from packhorse.wire.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (("game.example", 7000), Target(Scheme.UDP, "game.example", 7000)),
        (("::1", 7000), Target(Scheme.UDP, "::1", 7000)),
        ("udp://game.example:7000", Target(Scheme.UDP, "game.example", 7000)),
        (" tcp://[::1]:0 ", Target(Scheme.TCP, "::1", 0)),
        ("tls://192.0.2.1:65535", Target(Scheme.TLS, "192.0.2.1", 65535)),
        ("K7QM-2XPA@relay.example", Target(Scheme.ROOM, "K7QM-2XPA@relay.example")),
    ],
)
def test_target_means_this(text: TargetLike, target: Target) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize(
    "text",
    [
        "http://a:1",
        "udp://a",
        "udp://:1",
        "udp://a:",
        "udp://a:x",
        "udp://a:65536",
        "udp://a:" + "1" * 5000,  # more digits than int() takes
        "udp://::1:7",
        "udp://a:²",
        ("a", 65536),
        ("a", -1),
    ],
)
def test_malformed_target_is_refused_with_advice(text: TargetLike) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_target(text)

    assert "udp://host:port" in caught.value.advice


def test_room_is_listened_for_at_a_relay_not_at_an_invite() -> None:
    assert parse_listening("relay://[::1]:6969") == Target(Scheme.ROOM, "[::1]:6969")
    assert parse_listening("udp://[::]:0") == Target(Scheme.UDP, "::", 0)
    with pytest.raises(ConfigurationError, match="no place"):
        parse_listening("K7QM-2XPA@relay.example")
