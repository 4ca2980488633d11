"""Why something went no further."""

from enum import StrEnum


class PipeDrop(StrEnum):
    """Why a message or datagram of a pipe went no further."""

    INBOX_FULL = "inbox_full"
    """The application did not take unreliable messages fast enough."""
    SUBSCRIPTION_FULL = "subscription_full"
    """Likewise, those of one subscription."""
    LINK_CLOSED = "link_closed"
    """The pipe to which this one is linked has ended."""
    HANDLER_FAILED = "handler_failed"
    """A function that takes messages raised an error; it is in the log."""
    MALFORMED = "malformed"
    """A datagram that this pipe cannot read."""
    SEND_FAILED = "send_failed"
    """The system refused to send an unreliable message."""
