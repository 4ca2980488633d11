"""Tests of the exception that ends the handling of a datagram."""

from packhorse.wire.constants import DropReason
from packhorse_relay.core.drops import DatagramDropped


def test_dropped_datagram_tells_its_reason() -> None:
    dropped = DatagramDropped(DropReason.BAD_MAC)

    assert dropped.reason is DropReason.BAD_MAC
    assert str(dropped) == "bad_mac"
