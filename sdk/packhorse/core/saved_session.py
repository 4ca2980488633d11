"""What a program keeps of its session to take it up again, after a crash for example."""

import base64
import binascii
import struct
from dataclasses import dataclass
from typing import Final, Self

from packhorse.wire.constants import SESSION_KEY_SIZE
from packhorse.wire.errors import ConfigurationError

_VERSION: Final = 1
_START: Final = struct.Struct(f">BIH{SESSION_KEY_SIZE}s")


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
            raise ConfigurationError("this is no saved session") from error
        if version != _VERSION:
            raise ConfigurationError("this session was saved by another version of the program")
        return cls(session, key, max_datagram, data[_START.size :] or None)
