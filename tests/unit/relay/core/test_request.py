"""Tests of a datagram on its way through the core."""

from packhorse_relay.core.request import Request
from tests.support.relay_harness import address


def test_word_of_ctrl_is_its_transaction() -> None:
    request = Request(b"", address(1), 0xFFFFFFFF, 0.0)

    assert request.transaction == 0xFFFFFFFF
