"""What a host changes about its room while it runs."""

from dataclasses import dataclass, fields, replace
from typing import Self

from packhorse.wire.constants import Topology
from packhorse.wire.messages import SetRoom
from packhorse.wire.proofs import mask_password_key


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomChange:
    """New values; None leaves a thing as it is."""

    topology: Topology | None = None
    """Can be changed only while the host is alone."""
    max_peers: int | None = None
    """2..1024, host included; nobody has to leave."""
    locked: bool | None = None
    """Whether nobody is admitted."""
    approval: bool | None = None
    """Whether the host decides about each who wants to join."""
    listed: bool | None = None
    """Whether everybody sees the room and its code in the list of public rooms."""
    metadata: bytes | None = None
    """What the list shows besides, at most 512 bytes."""
    password_key: bytes | None = None
    """32 bytes; empty removes the password."""

    @property
    def is_guarding(self) -> bool:
        """Tell whether not everybody may join with these values."""
        return bool(self.locked or self.approval or self.password_key)

    def then(self, later: Self) -> Self:
        """Return this change and a later one as one."""
        new = {each.name: getattr(later, each.name) for each in fields(self)}
        return replace(self, **{name: value for name, value in new.items() if value is not None})

    def message(self, seq: int, session_key: bytes, nonce: bytes) -> SetRoom:
        """Return the request with the number `seq`.

        Args:
            seq: 1..2**32-1.
            session_key: Of GRANT in answer to CREATE, 32 bytes.
            nonce: 16 random bytes, used for nothing else; not looked at without a new password.
        """
        key = self.password_key
        return SetRoom(
            seq=seq,
            nonce=nonce if key else None,
            topology=self.topology,
            max_peers=self.max_peers,
            locked=self.locked,
            approval=self.approval,
            listed=self.listed,
            metadata=self.metadata,
            password=mask_password_key(key, session_key, nonce) if key else None,
            no_password=True if key == b"" else None,
        )
