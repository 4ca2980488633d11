"""Why the relay did not act upon a datagram."""

from packhorse.wire.constants import DropReason


class DatagramDropped(Exception):  # noqa: N818 - control flow within the core, never seen outside
    """Ends the handling of the current datagram; the core counts the reason."""

    def __init__(self, reason: DropReason) -> None:
        super().__init__(reason)
        self.reason = reason
