"""Tests of proofs; the vectors test their bytes."""

from packhorse.wire.proofs import access_proof


def test_access_proof_depends_on_key_and_cookie() -> None:
    """ADM-4: made for one cookie."""
    proofs = {access_proof(key, cookie) for key in (b"k", b"l") for cookie in (b"c", b"d")}

    assert len(proofs) == 4
    assert {len(proof) for proof in proofs} == {32}
