"""What the delivery layer hands on."""

from packhorse.core.delivery.delivered import Delivered
from packhorse.wire.constants import Mode


def test_message_is_taken_apart_in_the_order_in_which_it_is_sent() -> None:
    data, mode, channel = Delivered(b"hi", Mode.RELIABLE, 7)

    assert (data, mode, channel) == (b"hi", Mode.RELIABLE, 7)
