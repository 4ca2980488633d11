"""Addresses as the kernel writes them."""

import socket

import pytest

from packhorse.aio.udp import SocketAddress
from packhorse_relay.dataplane.socket_address import decode_address, encode_address

V4, V6 = socket.AF_INET, socket.AF_INET6


@pytest.mark.parametrize(
    ("address", "family", "size"),
    [
        (("192.0.2.1", 6969), V4, 16),
        (("255.255.255.255", 0), V4, 16),
        (("2001:db8::1", 65535), V6, 28),
        (("::ffff:192.0.2.1", 7), V6, 28),
        (("fe80::1%lo", 7), V6, 28),
        (("fe80::1%4000000000", 7), V6, 28),
    ],
)
def test_address_comes_back_as_it_was(
    address: SocketAddress, family: socket.AddressFamily, size: int
) -> None:
    name = encode_address(address, family)

    assert len(name) == size
    assert decode_address(name) == address


def test_ipv4_address_is_in_network_order() -> None:
    name = encode_address(("192.0.2.1", 0x1B39), V4)

    assert name[2:] == bytes([0x1B, 0x39, 192, 0, 2, 1, *bytes(8)])


def test_address_of_another_family_is_refused() -> None:
    with pytest.raises(OSError, match="illegal IP address"):
        encode_address(("2001:db8::1", 1), V4)
