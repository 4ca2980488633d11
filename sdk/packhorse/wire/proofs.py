"""Proofs that a member knows a secret, made for one cookie: the secret itself never travels."""

import hashlib
import hmac
from typing import Final

from packhorse.wire.constants import PASSWORD_ITERATIONS
from packhorse.wire.room_code import RoomCode

_KEY_SIZE: Final = 32  # bytes
_ACCESS_LABEL: Final = b"packhorse.v1 access"
_ROOM_LABEL: Final = b"packhorse.v1 room "
_PROOF_LABEL: Final = b"packhorse.v1 proof"
_MASK_LABEL: Final = b"packhorse.v1 mask"


def access_proof(key: bytes, cookie: bytes) -> bytes:
    """Return the 32 bytes that show that a member has the relay's access key.

    Source: protocol_spec/SPEC.md section 5.9.
    """
    return hmac.digest(key, _ACCESS_LABEL + cookie, "sha256")


def password_key(password: str, code: RoomCode) -> bytes:
    """Return the 32-byte key of a room's password; slow by design, some 20 ms on a desktop.

    Source: protocol_spec/SPEC.md section 5.10, RFC 8018.
    """
    salt = _ROOM_LABEL + code.encode()
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, PASSWORD_ITERATIONS, _KEY_SIZE)


def password_proof(key: bytes, cookie: bytes) -> bytes:
    """Return the 32 bytes that show that a member knows the room's password.

    Source: protocol_spec/SPEC.md section 5.10.
    """
    return hmac.digest(key, _PROOF_LABEL + cookie, "sha256")


def mask_password_key(key: bytes, session_key: bytes, nonce: bytes) -> bytes:
    """Hide the key of a password in SET_ROOM, or uncover it again.

    Source: protocol_spec/SPEC.md section 7.6.
    """
    mask = hmac.digest(session_key, _MASK_LABEL + nonce, "sha256")
    return bytes(one ^ other for one, other in zip(key, mask, strict=True))
