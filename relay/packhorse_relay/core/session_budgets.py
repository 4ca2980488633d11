"""How often a member may have the relay do what few members ever ask for."""

from packhorse.wire.constants import (
    BIND_RATE_SESSION,
    CHALLENGE_RATE,
    MAX_SOURCES,
    REGRANT_RATE,
    SIGNAL_RATE,
)
from packhorse_relay.core.buckets import Buckets


class SessionBudgets:
    """Token buckets by session id; most sessions never use one, and one that is full is forgotten.

    Source: protocol_spec/SPEC.md section 10.1.
    """

    def __init__(self) -> None:
        self.challenges = Buckets(CHALLENGE_RATE, CHALLENGE_RATE, MAX_SOURCES)
        """PATH_CHALLENGEs that are sent."""
        self.signals = Buckets(SIGNAL_RATE, 4 * SIGNAL_RATE, MAX_SOURCES)
        """SIGNALs that are acted upon."""
        self.regrants = Buckets(REGRANT_RATE, 5 * REGRANT_RATE, MAX_SOURCES)
        """Answers to repeated CREATE, JOIN and BIND."""
        self.binds = Buckets(BIND_RATE_SESSION, 5 * BIND_RATE_SESSION, MAX_SOURCES)
        """BINDs that are acted upon."""
