"""Tests of the exception that ends the handling of a datagram."""

import pytest

from packhorse.wire.constants import DropReason
from packhorse_relay.core.drops import DatagramDropped


@pytest.mark.parametrize("reason", DropReason)
def test_dropped_datagram_tells_its_reason(reason: DropReason) -> None:
    dropped = DatagramDropped(reason)

    assert dropped.reason is reason
    assert str(dropped) == reason.value
