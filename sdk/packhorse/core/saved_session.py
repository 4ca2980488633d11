"""What a program keeps of its session to take it up again, after a crash for example."""

import base64
import binascii
import struct
from dataclasses import dataclass
from typing import Final, Self

from packhorse.wire.constants import SESSION_KEY_SIZE
from packhorse.wire.errors import ConfigurationError
from packhorse.wire.messages import Bind

_VERSION: Final = 1
_START: Final = struct.Struct(f">BIH{SESSION_KEY_SIZE}s")
_FIELDS: Final = {field.name: field for field in Bind.FIELDS}
_NONE: Final = "this is no saved session"
_ADVICE: Final = "give all of what saved_session was"


@dataclass(frozen=True, slots=True)
class SavedSession:
    """A session as a secret: who has it can take the session over."""

    session: int
    """Session id."""
    key: bytes
    """Session key, 32 bytes."""
    max_datagram: int
    """Largest datagram that was agreed, bytes."""
    ticket: bytes | None
    """Resume ticket; without one a relay that was restarted cannot help."""

    def to_text(self) -> str:
        """Return it as ASCII text without white space."""
        start = _START.pack(_VERSION, self.session, self.max_datagram, self.key)
        return base64.urlsafe_b64encode(start + (self.ticket or b"")).decode()

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return what `to_text` was called on.

        Raises:
            ConfigurationError: It is no such text.
        """
        try:
            data = base64.urlsafe_b64decode(text.encode())
            version, session, max_datagram, key = _START.unpack_from(data)
        except (ValueError, binascii.Error, struct.error) as error:
            raise ConfigurationError(_NONE, _ADVICE) from error
        if version != _VERSION:
            raise ConfigurationError("this session was saved by another version of the program")
        ticket = data[_START.size :]
        can_be_sent = _FIELDS["max_datagram"].accepts(max_datagram)
        if not (can_be_sent and _FIELDS["resume_ticket"].accepts(ticket)):
            raise ConfigurationError(_NONE, _ADVICE)
        return cls(session, key, max_datagram, ticket or None)
