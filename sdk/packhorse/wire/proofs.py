"""Proofs that a member knows a key, made for one cookie: the key itself never travels."""

import hmac
from typing import Final

_ACCESS_LABEL: Final = b"packhorse.v1 access"


def access_proof(key: bytes, cookie: bytes) -> bytes:
    """Return the 32 bytes that show that a member has the relay's access key.

    Source: protocol_spec/SPEC.md section 5.9.
    """
    return hmac.digest(key, _ACCESS_LABEL + cookie, "sha256")
