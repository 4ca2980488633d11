"""Proofs and keys of BIND: how both sides show that they know a session's key."""

import hmac
import struct
from typing import Final

from packhorse.wire.messages import Bind, Grant

_BIND_LABEL: Final = b"packhorse.v1 bind"
_EPOCH_LABEL: Final = b"packhorse.v1 epoch"
_BOUND_LABEL: Final = b"packhorse.v1 bound"
_BIND: Final = struct.Struct(">IHB")
_BOUND: Final = struct.Struct(">IBIH")
_RESTARTED: Final = 1
_GUARDED: Final = 2
_PROOF_SIZE: Final = 16  # bytes


def bind_proof(session_key: bytes, bind: Bind) -> bytes:
    """Return what `proof` in BIND must be; its cookie stands for address, nonce and offer.

    Source: protocol_spec/SPEC.md section 8.6.
    """
    key = hmac.digest(session_key, _BIND_LABEL, "sha256")
    flags = (_RESTARTED if bind.restarted else 0) | (_GUARDED if bind.guarded else 0)
    numbers = _BIND.pack(bind.session, bind.max_datagram, flags)
    signed = bind.cookie + numbers + (bind.resume_ticket or b"")
    return hmac.digest(key, signed, "sha256")[:_PROOF_SIZE]


def is_valid_bind(bind: Bind, session_key: bytes) -> bool:
    """Tell whether BIND was made by somebody who knows the session key."""
    return hmac.compare_digest(bind.proof, bind_proof(session_key, bind))


def epoch_key(session_key: bytes, nonce: bytes, share: bytes) -> bytes:
    """Return the key that replaces the session key in `derive_keys` after a BIND.

    Args:
        session_key: 32 bytes, from GRANT of CREATE or JOIN.
        nonce: 16 bytes, of the BIND.
        share: 32 bytes, `key` in the GRANT that answers it.

    Source: protocol_spec/SPEC.md section 8.6.
    """
    return hmac.digest(session_key, _EPOCH_LABEL + nonce + share, "sha256")


def grant_proof(epoch: bytes, grant: Grant) -> bytes:
    """Return what `proof` in a GRANT that answers BIND must be; `epoch` is the epoch's key.

    Source: protocol_spec/SPEC.md section 8.6.
    """
    numbers = _BOUND.pack(grant.session, grant.tag, grant.peer, grant.max_datagram)
    signed = _BOUND_LABEL + numbers + grant.code.encode()
    return hmac.digest(epoch, signed, "sha256")[:_PROOF_SIZE]


def is_valid_grant(grant: Grant, epoch: bytes) -> bool:
    """Tell whether a GRANT that answers BIND was made by a relay that knows the session key."""
    return grant.proof is not None and hmac.compare_digest(grant.proof, grant_proof(epoch, grant))
