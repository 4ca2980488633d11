"""What a host offers, as bytes and compared with what a client wants."""

import pytest

from packhorse.middleman.notices import ServiceMissing
from packhorse.middleman.services import Services, Wanted, decode_answer, encode_answer
from packhorse.wire.constants import DropReason
from packhorse.wire.errors import ConfigurationError, ParseError


@pytest.mark.parametrize(
    ("services", "encoded"),
    [
        (Services(), "020000"),
        (Services(udp=(6942,)), "02011b1e00"),
        (Services((1, 65535), (80,)), "02020001ffff010050"),
    ],
)
def test_answer_has_its_bytes_and_comes_back(services: Services, encoded: str) -> None:
    assert encode_answer(services).hex() == encoded
    assert decode_answer(bytes.fromhex(encoded)) == services
    assert decode_answer(bytes.fromhex(encoded) + b"of a later version") == services


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        ("", DropReason.UNKNOWN_TYPE),
        ("01", DropReason.UNKNOWN_TYPE),
        ("02", DropReason.TRUNCATED),
        ("0200", DropReason.TRUNCATED),
        ("02010000", DropReason.TRUNCATED),
        ("02ff0000", DropReason.TRUNCATED),
    ],
)
def test_anything_else_is_no_answer(encoded: str, reason: DropReason) -> None:
    with pytest.raises(ParseError) as caught:
        decode_answer(bytes.fromhex(encoded))

    assert caught.value.reason is reason


def test_missing_services_are_named_by_protocol_and_number() -> None:
    missing = Wanted(udp=3, tcp=1).missing(Services(udp=(6942,)))

    assert missing == (
        ServiceMissing("udp", 2, 1),
        ServiceMissing("udp", 3, 1),
        ServiceMissing("tcp", 1, 0),
    )
    assert Wanted(1, 1).missing(Services((1, 2), (3,))) == ()


def test_one_service_is_enough_to_go_on() -> None:
    Wanted(udp=2, tcp=5).require_any(Services(udp=(6942,)))


def test_none_of_the_services_is_an_error_with_advice() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Wanted(udp=0, tcp=2).require_any(Services(udp=(6942, 6943)))

    error = caught.value
    assert str(error) == "the host offers none of these services, but UDP 6942, UDP 6943"
    assert error.stage == "asking the host for its services"
    assert "`packhorse join` with --udp 6942 --udp 6943" in error.advice


def test_host_without_services_is_an_error_too() -> None:
    with pytest.raises(ConfigurationError, match="but nothing") as caught:
        Wanted(1, 0).require_any(Services())

    assert "ask the host" in caught.value.advice
