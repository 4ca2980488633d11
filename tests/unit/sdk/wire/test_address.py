"""Transport addresses."""

import pytest

from packhorse.wire.address import (
    TransportAddress,
    decode_address,
    encode_address,
    parse_port,
    source_of,
    split_port,
)


def test_address_is_shown_with_its_port() -> None:
    assert str(TransportAddress("192.0.2.7", 54321)) == "192.0.2.7:54321"


def test_ipv6_address_is_shown_in_brackets() -> None:
    assert str(TransportAddress("2001:db8::1", 80)) == "[2001:db8::1]:80"


def test_listener_is_not_shown_and_is_0_by_default() -> None:
    address = TransportAddress("192.0.2.7", 1)

    assert address == TransportAddress("192.0.2.7", 1, 0)
    assert str(address) == str(TransportAddress("192.0.2.7", 1, 5))


def test_addresses_at_two_listeners_differ() -> None:
    assert TransportAddress("192.0.2.7", 1, 0) != TransportAddress("192.0.2.7", 1, 1)


def test_listener_is_not_on_the_wire() -> None:
    assert encode_address(TransportAddress("192.0.2.7", 54321, 3)).hex() == "c0000207d431"


def test_scope_is_not_on_the_wire() -> None:
    encoded = encode_address(TransportAddress("fe80::1%eth0", 1))

    assert encoded.hex() == "fe80" + "00" * 13 + "01" + "0001"


def test_ipv4_mapped_address_is_encoded_as_ipv4() -> None:
    mapped = TransportAddress("::ffff:192.0.2.7", 54321)

    assert encode_address(mapped) == encode_address(TransportAddress("192.0.2.7", 54321))


def test_ipv4_mapped_address_is_decoded_as_ipv4() -> None:
    data = bytes.fromhex("00000000000000000000ffffc0000207 d431")

    assert decode_address(data) == TransportAddress("192.0.2.7", 54321)


@pytest.mark.parametrize("host", ["", "localhost", "192.0.2", "192.0.2.256", "1:2"])
def test_text_that_is_no_ip_address_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 address"):
        encode_address(TransportAddress(host, 1))


def test_source_of_ipv4_is_the_whole_address_without_port() -> None:
    one, other = TransportAddress("192.0.2.7", 1), TransportAddress("192.0.2.7", 2, 9)

    assert source_of(one) == source_of(other) == bytes([192, 0, 2, 7])


def test_source_of_ipv6_is_the_first_64_bits() -> None:
    one = TransportAddress("2001:db8:0:7::1", 1)
    neighbour = TransportAddress("2001:db8:0:7:ffff::2", 1)

    assert source_of(one) == source_of(neighbour) == bytes.fromhex("20010db800000007")


def test_sources_of_two_ipv6_networks_differ() -> None:
    one, other = TransportAddress("2001:db8:0:7::1", 1), TransportAddress("2001:db8:0:8::1", 1)

    assert source_of(one) != source_of(other)


def test_source_of_an_ipv4_mapped_address_is_that_of_the_ipv4_address() -> None:
    """Otherwise all of IPv4 would share one limit."""
    mapped = TransportAddress("::ffff:192.0.2.7", 1)

    assert source_of(mapped) == source_of(TransportAddress("192.0.2.7", 1))


def test_source_of_a_scoped_address_leaves_out_the_scope() -> None:
    assert source_of(TransportAddress("fe80::1%3", 1)) == bytes.fromhex("fe80000000000000")


@pytest.mark.parametrize(("text", "port"), [("0", 0), ("1", 1), ("00443", 443), ("65535", 65535)])
def test_digits_name_a_port(text: str, port: int) -> None:
    assert parse_port(text) == port


@pytest.mark.parametrize("text", ["", "65536", "-1", "+1", " 1", "1_0", "x", "٣", "²", "000001"])
def test_anything_else_names_no_port(text: str) -> None:
    assert parse_port(text) is None


def test_more_digits_than_an_integer_takes_name_no_port() -> None:
    assert parse_port("1" * 5000) is None


@pytest.mark.parametrize(
    ("text", "host", "digits"),
    [
        ("a.example", "a.example", ""),
        ("a.example:80", "a.example", "80"),
        ("a.example:x", "a.example", "x"),
        ("2001:db8::1", "2001:db8::1", ""),
        ("[2001:db8::1]", "2001:db8::1", ""),
        ("[fe80::1%eth0]:80", "fe80::1%eth0", "80"),
    ],
)
def test_host_and_port_are_told_apart(text: str, host: str, digits: str) -> None:
    assert split_port(text) == (host, digits)


@pytest.mark.parametrize(
    "text", ["", ":80", "[]", "[::1", "[::1]80", "::1]", "[[::1]]", "a b", "\0"]
)
def test_text_without_a_host_has_none(text: str) -> None:
    host, _ = split_port(text)

    assert host == ""
