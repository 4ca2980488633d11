"""A message as the delivery layer hands it on."""

from typing import NamedTuple

from packhorse.wire.constants import Mode


class Delivered(NamedTuple):
    """A message for the application."""

    data: bytes
    mode: Mode
    channel: int
