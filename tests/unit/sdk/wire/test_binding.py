"""Tests of the proofs of BIND; the bytes themselves are checked by the vectors."""

from dataclasses import replace

import pytest

from packhorse.wire.binding import bind_proof, epoch_key, grant_proof, is_valid_bind, is_valid_grant
from packhorse.wire.messages import Bind
from tests.support.scripted_relay import GRANT

KEY = bytes(range(32))
BIND = Bind(
    version_min=1,
    version_max=1,
    features=0,
    nonce=bytes(16),
    cookie=bytes(20),
    max_datagram=1200,
    session=7,
    resume_ticket=b"ticket",
    proof=bytes(16),
)


def test_proof_of_bind_is_valid_with_its_key_only() -> None:
    """RES-1."""
    signed = replace(BIND, proof=bind_proof(KEY, BIND))

    assert is_valid_bind(signed, KEY)
    assert not is_valid_bind(signed, bytes(32))


def test_absent_and_false_restarted_are_the_same() -> None:
    assert bind_proof(KEY, BIND) == bind_proof(KEY, replace(BIND, restarted=False))


def test_epoch_key_depends_on_both_shares() -> None:
    """RES-3."""
    keys = {
        epoch_key(KEY, nonce * 16, share * 32) for nonce in (b"a", b"b") for share in (b"c", b"d")
    }

    assert len(keys) == 4


@pytest.mark.parametrize("field", ["session", "tag", "peer", "max_datagram"])
def test_grant_is_valid_as_it_was_signed_only(field: str) -> None:
    """RES-4."""
    epoch = epoch_key(KEY, bytes(16), GRANT.key)
    signed = replace(GRANT, proof=grant_proof(epoch, GRANT))
    altered = replace(signed, **{field: getattr(signed, field) + 1})

    assert is_valid_grant(signed, epoch)
    assert not is_valid_grant(altered, epoch)
    assert not is_valid_grant(GRANT, epoch)
