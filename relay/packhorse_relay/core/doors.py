"""Whether a room admits somebody: one answer, by the same steps whatever the cause."""

import hmac
from typing import Final

from packhorse.wire.messages import Join
from packhorse.wire.proofs import password_proof
from packhorse_relay.core.rooms import Room

_NO_KEY: Final = bytes(32)
_NO_PROOF: Final = bytes(32)


def admits(room: Room, join: Join, source: bytes, app: str | None) -> bool:
    """Tell whether `room` takes in a JOIN from `source` with a ticket for `app`.

    Takes the same steps whatever the answer and its cause (SPEC.md ADM-5); a room without
    a password asks for a proof too, and does not look at it.
    """
    is_proven = _is_proven(room, join)
    is_banned = room.is_banned(source)
    is_foreign = room.is_foreign(app)
    return is_proven & (not is_banned) & (not is_foreign) & (not room.is_locked)


def _is_proven(room: Room, join: Join) -> bool:
    proof = password_proof(room.password_key or _NO_KEY, join.cookie)
    is_right = hmac.compare_digest(join.proof or _NO_PROOF, proof)
    return is_right | (room.password_key is None)
